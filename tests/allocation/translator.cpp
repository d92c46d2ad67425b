#include "support/allocation_counter.hpp"

#include <heed/io/translator.hpp>

#include "support/refusal.hpp"

#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

namespace translator_test {

TEST(LoadTranslator, DoesNotAllocateForUncheckedSizes) {
  heed::SafetensorsWriter writer;
  writer.metadata("format", "heed-translator-1");
  heed::TranslatorConfig config;
  config.hidden = config.embedding = 16384;
  config.layers = 16;
  config.scorer = "convolutional";
  config.filters = config.filter_width = 255;  // 260 kB, which are allocated
  heed::detail::for_each_field(config, [&](const std::string& name, const auto& value, int) {
    writer.metadata("config." + name, heed::detail::field_text(value));
  });
  writer.metadata("vocabulary.source", "<unk>\n<s>\n</s>");
  writer.metadata("vocabulary.target", "<unk>\n<s>\n</s>");
  const heed::test::TemporaryFolder temporary;
  const auto path = temporary.path() / "a.safetensors";
  writer.write(path);

  const heed::test::AllocationCounter counter;
  EXPECT_NE(refusal([&] { heed::Translator::load(path); }).find("the file has 0"), std::string::npos);
  EXPECT_LT(counter.largest(), 300'000u);
}

}  // namespace translator_test
