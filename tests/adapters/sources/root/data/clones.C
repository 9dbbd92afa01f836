// Writes clones.root: vectors in a split TClonesArray, whose members name the vectors' class. ROOT: root -l -b -q clones.C
#include <TClonesArray.h>
#include <TFile.h>
#include <TTree.h>
#include <TVector3.h>

void clones()
{
   TFile file("clones.root", "recreate");
   TTree tree("t", "t");
   TClonesArray hits("TVector3");
   auto pointer = &hits;
   tree.Branch("hits", &pointer);
   for (int e = 0; e < 20; e++) {
      hits.Clear();
      for (int i = 0; i < e % 4; i++)
         new (hits[i]) TVector3(e, i, 7);
      tree.Fill();
   }
   tree.Write();
}
