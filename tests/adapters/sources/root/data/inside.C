// Writes inside.root: trees that hold their last baskets themselves, as ROOT leaves them that did not
// end well. `t` and `other/t` are of one production, `g` has no rows but those of its counter,
// `usual` only branches of one leaf.
// ROOT: root -l -b -q inside.C
#include <unistd.h>
#include <string>
#include <vector>
#include "TFile.h"
#include "TSystem.h"
#include "TTree.h"

void filled(const char *name, int entries, int flushed, bool generated, bool usual = false)
{
   auto tree = new TTree(name, "t");
   if (generated) {
      ROOT::TIOFeatures features;
      features.Set("kGenerateOffsetMap");
      tree->SetIOFeatures(features);
   }
   tree->SetAutoFlush(0);
   Double_t x;
   Bool_t b;
   Short_t fix[3];
   Int_t n;
   Float_t pt[9], two[9][2];
   char text[20];
   std::vector<int> rows;
   std::string word;
   tree->Branch("x", &x, "x/D");
   tree->Branch("b", &b, "b/O");
   tree->Branch("fix", fix, "fix[3]/S");
   tree->Branch("n", &n, "n/I");
   tree->Branch("pt", pt, "pt[n]/F");
   tree->Branch("two", two, "two[n][2]/F");
   tree->Branch("text", text, "text/C");
   if (!usual) {
      tree->Branch("rows", &rows);
      tree->Branch("word", &word);
   }
   for (int i = 0; i < entries; ++i) {
      x = i + 0.5;
      b = i % 3 == 0;
      n = i % 4;
      rows.assign(i % 3, i);
      snprintf(text, 20, "t%d", i);
      word = text;
      for (int k = 0; k < 3; ++k)
         fix[k] = 3 * i + k;
      for (int k = 0; k < n; ++k) {
         pt[k] = i + k / 8.;
         two[k][0] = two[k][1] = -i;
      }
      tree->Fill();
      if (i + 1 == flushed)
         tree->FlushBaskets();
   }
   tree->AutoSave();
}

void inside()
{
   TFile file("inside_open.root", "RECREATE", "", 0);
   filled("t", 30, 0, false);
   filled("g", 20, 0, true);
   filled("halves", 30, 12, false);
   filled("flushed", 12, 12, false);
   filled("none", 0, 0, false);
   filled("generated_halves", 30, 12, true);
   filled("usual", 25, 0, false, true);
   file.mkdir("other")->cd();
   filled("t", 47, 0, false);
   file.SaveSelf();
   file.GetDirectory("other")->SaveSelf();
   file.Flush();
   gSystem->CopyFile("inside_open.root", "inside.root", true);
   gSystem->Unlink("inside_open.root");
   _exit(0);  // closing would write what is in memory
}
