// Written with ROOT 6.40: `root -b -q members.C+`: 20 entries, small baskets. "Events": members of a split class that
// are stored whole. "Features": a text and rows in baskets with a map of offsets (TIOFeatures).
#include <TFile.h>
#include <TLorentzVector.h>
#include <TTree.h>
#include <TVector3.h>
#include <deque>
#include <list>
#include <set>
#include <unordered_set>
#include <vector>

struct Whole {
   TLorentzVector p4;
   TVector3 place;
   std::vector<Double32_t> doubles;
   std::vector<Double32_t> ranged; //[0,100,8]
   std::set<int> numbers;
   std::list<double> listed;
   std::deque<short> queue;
   std::multiset<int> several;
   std::unordered_set<int> one;
   std::vector<std::set<int>> sets;
};

#ifdef __ROOTCLING__
#pragma link C++ class Whole+;
#pragma link C++ class std::deque<short>+;
#pragma link C++ class std::multiset<int>+;
#pragma link C++ class std::unordered_set<int>+;
#pragma link C++ class std::vector<std::set<int>>+;
#endif

void members(const char *name = "members.root")
{
   TFile file(name, "recreate", "", 505);
   TTree tree("Events", ""), other("Features", "");
   Whole whole, *each = &whole;
   tree.Branch("e", &each, 1000, 99);
   auto *doubles = &whole.doubles;
   tree.Branch("alone", &doubles);
   ROOT::TIOFeatures features;
   features.Set(ROOT::Experimental::EIOFeatures::kGenerateOffsetMap);
   other.SetIOFeatures(features);
   other.SetAutoFlush(7);
   char text[20];
   int n;
   float x[5];
   other.Branch("text", text, "text/C");
   other.Branch("n", &n, "n/I");
   other.Branch("x", x, "x[n]/F");
   for (int i = 0; i < 20; i++) {
      n = i % 4;
      whole.p4.SetPxPyPzE(i, 1, 2, i + 0.5);
      whole.place.SetXYZ(-i, 3, 4);
      whole.doubles.assign(n, i + 0.1);
      whole.ranged.assign(n, 50.5);
      whole.numbers = {i, i + n};
      whole.listed.assign(n, i * 0.5);
      whole.queue.assign(n, -i);
      whole.several = {i, i};
      whole.one = {i};
      whole.sets.assign(n, {i});
      snprintf(text, 20, "%.*s", n, "abcd");
      for (int k = 0; k < n; k++) x[k] = i + k * 0.25;
      tree.Fill();
      other.Fill();
   }
   file.Write();
}
