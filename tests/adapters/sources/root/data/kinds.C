// Writes kinds.root: a branch of each kind, of which the test knows every value. ROOT: root -l -b -q kinds.C
#include <deque>
#include <list>
#include <string>
#include <vector>
#include "TFile.h"
#include "TLorentzVector.h"
#include "TTree.h"
#include "TVector3.h"

void kinds()
{
   TFile file("kinds.root", "RECREATE");
   TTree tree("t", "t");
   Int_t n;
   Double_t pt[10], angle[10], a, fx[3], m[10][3];
   Float_t h, hh[10];
   tree.Branch("n", &n, "n/I");
   tree.Branch("pt", pt, "pt[n]/d[0,100,16]");
   tree.Branch("pt_plain", pt, "pt_plain[n]/d");
   tree.Branch("pt_short", pt, "pt_short[n]/d[0,0,10]");
   tree.Branch("angle", angle, "angle[n]/d[-pi,twopi,20]");
   tree.Branch("a", &a, "a/d[-10,100,12]");
   tree.Branch("a_plain", &a, "a_plain/d");
   tree.Branch("a_short", &a, "a_short/d[0,0,8]");
   tree.Branch("a_16", &a, "a_16/d[0,0,16]");
   tree.Branch("a_32", &a, "a_32/d[-10,100]");
   tree.Branch("h", &h, "h/f");
   tree.Branch("h_range", &h, "h_range/f[0,100,16]");
   tree.Branch("h_16", &h, "h_16/f[0,0,16]");
   tree.Branch("h_short", &h, "h_short/f[0,0,10]");
   tree.Branch("hh", hh, "hh[n]/f");
   tree.Branch("hh_16", hh, "hh_16[n]/f[0,0,16]");
   tree.Branch("hh_range", hh, "hh_range[n]/f[0,100,16]");
   tree.Branch("fx", fx, "fx[3]/d[0,100,16]");
   tree.Branch("fx_plain", fx, "fx_plain[3]/d");
   tree.Branch("m", m, "m[n][3]/D");
   tree.Branch("mm", m, "mm[10][3]/D");
   struct { Int_t i; Float_t q; Double_t d; } list;
   tree.Branch("list", &list, "i/I:q/F:d/D");
   struct { Float_t x, y, z; } xyz;
   tree.Branch("xyz", &xyz, "x:y:z");
   Char_t text[10] = "abc";
   tree.Branch("text", text, "text/C");
   std::string words;
   tree.Branch("words", &words);
   std::vector<float> vf;
   std::vector<bool> vb;
   std::vector<std::vector<float>> vv;
   std::list<int> li;
   std::deque<double> dd;
   tree.Branch("vf", &vf);
   tree.Branch("vb", &vb);
   tree.Branch("vv", &vv);
   tree.Branch("li", &li);
   tree.Branch("dd", &dd);
   TLorentzVector p;
   TVector3 v;
   tree.Branch("p_whole", "TLorentzVector", &p, 32000, 0);
   tree.Branch("p_split.", "TLorentzVector", &p, 32000, 99);
   tree.Branch("v_whole", "TVector3", &v, 32000, 0);
   for (int e = 0; e < 50; e++) {
      n = e % 4;
      for (int i = 0; i < 10; i++) {
         pt[i] = 1 + e + i * 0.25;
         hh[i] = pt[i];
         angle[i] = i * 0.5 - 3;
         for (int k = 0; k < 3; k++) m[i][k] = e * 100 + i * 3 + k;
      }
      for (int i = 0; i < n; i++) {
         vf.push_back(pt[i]); vb.push_back(i % 2); li.push_back(e - i); dd.push_back(pt[i]);
         vv.push_back(std::vector<float>(i, e + i));
      }
      a = e * 0.5 - 3;
      h = e * 0.5f + 3;
      for (int k = 0; k < 3; k++) fx[k] = e + k * .5;
      list.i = e; list.q = e * .5; list.d = e * .25;
      xyz.x = e; xyz.y = e + .5; xyz.z = -e;
      p.SetPxPyPzE(e, e + 1, e + 2, 100 + e);
      v.SetXYZ(-e, -e - 1, -e - 2);
      words = std::string(e % 3, 'x');
      tree.Fill();
   }
   tree.Write();
}
