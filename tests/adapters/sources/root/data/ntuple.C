// Writes ntuple.root: a field of each kind, of which the test knows every value. ROOT: root -l -b -q ntuple.C
#include <array>
#include <bitset>
#include <cmath>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>
#include <ROOT/RNTupleModel.hxx>
#include <ROOT/RNTupleWriter.hxx>
#include <ROOT/RNTupleWriteOptions.hxx>
#include <ROOT/RField.hxx>

using ROOT::RField;

template <typename T>
std::shared_ptr<T> stored(ROOT::RNTupleModel &model, const char *name, ROOT::ENTupleColumnType type)
{
   auto field = std::make_unique<RField<T>>(name);
   field->SetColumnRepresentatives({{type}});
   model.AddField(std::move(field));
   return nullptr;
}

void ntuple()
{
   using Type = ROOT::ENTupleColumnType;
   auto model = ROOT::RNTupleModel::CreateBare();
   model->AddField(std::make_unique<RField<float>>("f"));
   model->AddField(std::make_unique<RField<double>>("d"));
   model->AddField(std::make_unique<RField<bool>>("b"));
   model->AddField(std::make_unique<RField<std::int8_t>>("i8"));
   model->AddField(std::make_unique<RField<std::int16_t>>("i16"));
   model->AddField(std::make_unique<RField<std::int32_t>>("i32"));
   model->AddField(std::make_unique<RField<std::int64_t>>("i64"));
   model->AddField(std::make_unique<RField<std::uint8_t>>("u8"));
   model->AddField(std::make_unique<RField<std::uint16_t>>("u16"));
   model->AddField(std::make_unique<RField<std::uint32_t>>("u32"));
   model->AddField(std::make_unique<RField<std::uint64_t>>("u64"));
   stored<float>(*model, "f_plain", Type::kReal32);
   stored<float>(*model, "f_half", Type::kReal16);
   stored<double>(*model, "d_plain", Type::kReal64);
   stored<std::int32_t>(*model, "i32_plain", Type::kInt32);
   auto truncated = std::make_unique<RField<float>>("f_truncated");
   truncated->SetTruncated(20);
   model->AddField(std::move(truncated));
   auto quantised = std::make_unique<RField<float>>("f_quantised");
   quantised->SetQuantized(-1., 101., 17);
   model->AddField(std::move(quantised));
   model->AddField(std::make_unique<RField<std::vector<float>>>("rows"));
   model->AddField(std::make_unique<RField<std::vector<bool>>>("flags"));
   model->AddField(std::make_unique<RField<std::array<float, 3>>>("fixed"));
   model->AddField(std::make_unique<RField<std::vector<std::array<int, 2>>>>("pairs"));
   model->AddField(std::make_unique<RField<std::tuple<float, int, double>>>("three"));
   model->AddField(std::make_unique<RField<std::pair<float, int>>>("two"));
   model->AddField(std::make_unique<RField<std::vector<std::pair<float, int>>>>("twos"));
   model->AddField(std::make_unique<RField<std::optional<float>>>("maybe"));
   model->AddField(std::make_unique<RField<std::bitset<12>>>("bits"));
   model->AddField(std::make_unique<RField<std::set<int>>>("set"));
   model->AddField(std::make_unique<RField<std::string>>("text"));
   model->AddField(std::make_unique<RField<std::vector<std::vector<float>>>>("nested"));
   model->AddField(std::make_unique<RField<std::variant<int, float>>>("either"));
   // as NanoAOD: a collection without a name of its own, its members under other names, and a count
   model->AddField(std::make_unique<RField<std::vector<std::pair<float, int>>>>("_collection0"));
   auto to = [](const std::string &name) {
      if (name == "Muon_pt") return std::string("_collection0");
      if (name == "Muon_pt._0") return std::string("_collection0._0._0");
      if (name == "Muon_charge") return std::string("_collection0");
      if (name == "Muon_charge._0") return std::string("_collection0._0._1");
      return std::string("_collection0");
   };
   model->AddProjectedField(std::make_unique<RField<std::vector<float>>>("Muon_pt"), to);
   model->AddProjectedField(std::make_unique<RField<std::vector<int>>>("Muon_charge"), to);
   model->AddProjectedField(std::make_unique<RField<ROOT::RNTupleCardinality<std::uint32_t>>>("nMuon"), to);
   ROOT::RNTupleWriteOptions options;
   options.SetInitialUnzippedPageSize(64);
   options.SetMaxUnzippedPageSize(64);
   auto writer = ROOT::RNTupleWriter::Recreate(std::move(model), "Events", "ntuple.root", options);
   std::shared_ptr<float> late;
   auto entry = writer->CreateEntry();
   for (int e = 0; e < 100; e++) {
      if (e == 70) {
         auto updater = writer->CreateModelUpdater();
         updater->BeginUpdate();
         updater->AddField(std::make_unique<RField<float>>("late"));
         updater->AddField(std::make_unique<RField<std::vector<float>>>("late_rows"));
         updater->CommitUpdate();
         entry = writer->CreateEntry();
      }
      int n = e % 4;
      *entry->GetPtr<float>("f") = e * 0.5f;
      *entry->GetPtr<double>("d") = e * 0.1;
      *entry->GetPtr<bool>("b") = e % 3 == 0;
      *entry->GetPtr<std::int8_t>("i8") = 50 - e;
      *entry->GetPtr<std::int16_t>("i16") = 300 * (50 - e);
      *entry->GetPtr<std::int32_t>("i32") = 70000 * (50 - e);
      *entry->GetPtr<std::int64_t>("i64") = (1LL << 40) * (50 - e);
      *entry->GetPtr<std::uint8_t>("u8") = 2 * e;
      *entry->GetPtr<std::uint16_t>("u16") = 600 * e;
      *entry->GetPtr<std::uint32_t>("u32") = 40000000u * e;
      *entry->GetPtr<std::uint64_t>("u64") = (1ULL << 57) * e;
      *entry->GetPtr<float>("f_plain") = e * 0.5f;
      *entry->GetPtr<float>("f_half") = e * 0.5f;
      *entry->GetPtr<double>("d_plain") = e * 0.1;
      *entry->GetPtr<std::int32_t>("i32_plain") = 70000 * (50 - e);
      *entry->GetPtr<float>("f_truncated") = e * 0.5f;
      *entry->GetPtr<float>("f_quantised") = e;
      *entry->GetPtr<std::array<float, 3>>("fixed") = {e + 0.f, e + 1.f, e + 2.f};
      *entry->GetPtr<std::tuple<float, int, double>>("three") = {e + 0.f, 1000 + e, 2000. + e};
      *entry->GetPtr<std::pair<float, int>>("two") = {e + 0.5f, -e};
      *entry->GetPtr<std::bitset<12>>("bits") = std::bitset<12>(e);
      *entry->GetPtr<std::string>("text") = std::string(n, 'x');
      *entry->GetPtr<std::variant<int, float>>("either") = e;
      auto &maybe = *entry->GetPtr<std::optional<float>>("maybe");
      if (e % 2) maybe = e; else maybe.reset();
      auto rows = entry->GetPtr<std::vector<float>>("rows");
      auto flags = entry->GetPtr<std::vector<bool>>("flags");
      auto pairs = entry->GetPtr<std::vector<std::array<int, 2>>>("pairs");
      auto twos = entry->GetPtr<std::vector<std::pair<float, int>>>("twos");
      auto muons = entry->GetPtr<std::vector<std::pair<float, int>>>("_collection0");
      auto set = entry->GetPtr<std::set<int>>("set");
      rows->clear(); flags->clear(); pairs->clear(); twos->clear(); muons->clear(); set->clear();
      for (int i = 0; i < n; i++) {
         rows->push_back(e + i * 0.25); flags->push_back(i % 2); pairs->push_back({e, i});
         twos->push_back({e, i}); muons->push_back({e + 10 * i, i % 2 ? 1 : -1}); set->insert(10 * e + i);
      }
      if (e >= 70) {
         *entry->GetPtr<float>("late") = e;
         *entry->GetPtr<std::vector<float>>("late_rows") = std::vector<float>(n, e);
      }
      writer->Fill(*entry);
      if (e == 29 || e == 59) writer->CommitCluster();
      if (e == 59) writer->CommitCluster(true);
   }
}
