// SPDX-License-Identifier: GPL-2.0-only
//
// Feeds octets as an EPP frame, and as a stream of frames of either framing, to a registry in
// memory. It asserts: the response is XML with the code that the reply has; nothing is applied
// unless that is 1000; what is applied keeps the registry's rules.
#include <cstdlib>

#include "epp/frame.h"
#include "tests/unit/epp/frames.h"

namespace {

using namespace tld;
using epp::testing::MemoryRegistry;

void require(bool condition) {
  if (!condition) std::abort();
}

void check_frame(MemoryRegistry& registry, std::string_view xml, const epp::Settings& settings) {
  const std::string before = registry.objects.text();
  const epp::Reply reply = epp::testing::send(registry, std::string(xml), settings);
  const auto response = epp::read_frame(reply.xml);
  require(response.has_value());
  const epp::Element& result = response.value().children.at(0).children.at(0);
  require(*result.attribute("code") == std::to_string(static_cast<int>(reply.code)));
  require(registry.objects.broken_rule(settings.apex).empty());
  if (reply.code == epp::Code::done) return;
  require(!reply.reason.empty() && registry.objects.text() == before);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static epp::Settings settings = epp::testing::settings_of_kz();
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  for (const bool framed : {false, true}) {
    settings.ds.rule = framed ? dns::DsPolicy::Rule::syntax : dns::DsPolicy::Rule::strict;
    MemoryRegistry registry = epp::testing::registry_of_kz();
    std::size_t taken = 0;
    epp::FrameReader reader(octets, framed);
    while (const auto frame = reader.next()) {
      taken += frame->size();
      check_frame(registry, *frame, settings);
    }
    require(taken <= size);
  }
  return 0;
}
