// Writes bits.root: rows behind a pointer, each with a flag before it. ROOT: root -l -b -q bits.C
#include "TBits.h"
#include "TFile.h"
#include "TTree.h"

void bits()
{
   TFile file("bits.root", "RECREATE");
   TTree tree("t", "t");
   TBits bits(1);
   tree.Branch("bits", &bits);
   for (int e = 0; e < 30; e++) {
      bits.Clear();
      for (int i = 0; i <= e; i++) bits.SetBitNumber(i, i % 3 == 0);
      tree.Fill();
   }
   tree.Write();
}
