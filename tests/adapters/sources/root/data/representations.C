// Writes representations.root: fields with two encodings each, of which a cluster uses one. ROOT 6.40: root -l -b -q representations.C
#include <ROOT/RField.hxx>
#include <ROOT/RNTupleModel.hxx>
#include <ROOT/RNTupleWriter.hxx>

void representations()
{
   using Type = ROOT::ENTupleColumnType;
   auto model = ROOT::RNTupleModel::Create();
   auto a = model->MakeField<int>("a");
   auto r = ROOT::RFieldBase::Create("r", "float").Unwrap();
   r->SetColumnRepresentatives({{Type::kReal16}, {Type::kReal32}});
   model->AddField(std::move(r));
   auto v = ROOT::RFieldBase::Create("v", "std::vector<float>").Unwrap();
   v->SetColumnRepresentatives({{Type::kIndex32}, {Type::kSplitIndex64}});
   model->AddField(std::move(v));
   auto writer = ROOT::RNTupleWriter::Recreate(std::move(model), "Events", "representations.root");
   auto &entry = writer->GetModel().GetDefaultEntry();
   for (int e = 0; e < 60; e++) {
      *a = e;
      *entry.GetPtr<float>("r") = e * 0.5f;
      entry.GetPtr<std::vector<float>>("v")->assign(e % 3, e);
      writer->Fill();
      if (e % 20 == 19)
         writer->CommitCluster();
   }
}
