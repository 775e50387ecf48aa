// SPDX-License-Identifier: GPL-2.0-only
//
// 100,000 hostile frames: the corpus of the fuzzer, damaged in the ways that attackers and broken
// clients do. The same ones in each run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>

#include "epp/frame.h"
#include "tests/unit/epp/frames.h"

namespace tld::epp {
namespace {

using namespace testing;

constexpr int frames_in_all = 100000;

class Mutator {
 public:
  explicit Mutator(std::vector<std::string> seeds) : seeds_(std::move(seeds)) {}

  // One frame, damaged 0 to 2 times.
  std::string next() {
    std::string frame = seeds_[below(seeds_.size())];
    for (std::size_t times = below(3); times > 0; --times) damage(frame);
    return frame;
  }

 private:
  std::size_t below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }

  void damage(std::string& frame) {
    static constexpr void (Mutator::*ways[])(std::string&) = {
        &Mutator::flip_octet,    &Mutator::cut,          &Mutator::repeat_part,
        &Mutator::replace_text,  &Mutator::replace_text, &Mutator::replace_text,
        &Mutator::swap_elements, &Mutator::drop_element, &Mutator::repeat_element,
        &Mutator::nest,          &Mutator::bomb,         &Mutator::repeat_attribute,
        &Mutator::put_octets,    &Mutator::change_name,  &Mutator::wrap};
    (this->*ways[below(std::size(ways))])(frame);
  }

  void flip_octet(std::string& frame) {
    if (!frame.empty()) frame[below(frame.size())] ^= static_cast<char>(1 << below(8));
  }
  void cut(std::string& frame) { frame.resize(below(frame.size() + 1)); }
  void repeat_part(std::string& frame) {
    const std::size_t at = below(frame.size() + 1);
    frame.insert(at, frame.substr(at, below(200)));
  }
  void put_octets(std::string& frame) {
    static const std::string octets[] = {std::string(1, '\0'),
                                         "\xff\xfe",
                                         "\xc0\x80",
                                         "\xed\xa0\x80",
                                         "\xf4\x90\x80\x80",
                                         "&a;",
                                         "&#0;",
                                         "&#xD800;",
                                         "]]>",
                                         "<",
                                         "<!--",
                                         "<?xml version=\"1.0\"?>",
                                         "\xe2\x80\x8b",
                                         "<a:b/>"};
    frame.insert(below(frame.size() + 1), octets[below(std::size(octets))]);
  }
  // The text of some element becomes a value that is wrong somewhere.
  void replace_text(std::string& frame) {
    static const std::string values[] = {"",
                                         "0",
                                         "-1",
                                         "65535",
                                         "65536",
                                         "256",
                                         "4294967296",
                                         "99999999999999999999",
                                         "true",
                                         "13",
                                         "a.kz",
                                         "b.kz",
                                         "kz",
                                         ".",
                                         "a..kz",
                                         "-a.kz",
                                         "*.kz",
                                         "\xd2\x9b\xd0\xb0\xd0\xb7.kz",
                                         "xn--a.kz",
                                         "ns1.a.kz",
                                         "ns1.example.net",
                                         "ns.nic.kz",
                                         "x.a.kz",
                                         "nic.kz",
                                         std::string(300, 'a') + ".kz",
                                         "127.0.0.1",
                                         "192.0.2.300",
                                         "::1",
                                         "192.0.2.1",
                                         "abc",
                                         std::string(63, 'a'),
                                         std::string(64, 'a'),
                                         std::string(66, 'a'),
                                         std::string(40, 'b'),
                                         std::string(96, 'c'),
                                         std::string(5000, 'd'),
                                         "AAAA",
                                         "A===",
                                         "zz"};
    const auto [begin, end] = text_range(frame);
    frame.replace(begin, end - begin, values[below(std::size(values))]);
  }
  std::pair<std::size_t, std::size_t> text_range(const std::string& frame) {
    const std::size_t from = below(frame.size());
    const std::size_t begin = std::min(frame.find('>', from), frame.size());
    const std::size_t end = std::min(frame.find('<', begin), frame.size());
    return {std::min(begin + 1, end), end};
  }
  // An element without children, with its tags.
  std::pair<std::size_t, std::size_t> leaf(const std::string& frame) {
    const std::size_t close = frame.find("</", below(frame.size()));
    if (close == std::string::npos) return {0, 0};
    const std::size_t open = frame.rfind('<', close == 0 ? 0 : close - 1);
    const std::size_t end = frame.find('>', close);
    if (open == std::string::npos || end == std::string::npos) return {0, 0};
    return {open, end + 1};
  }
  void drop_element(std::string& frame) {
    const auto [begin, end] = leaf(frame);
    frame.erase(begin, end - begin);
  }
  void repeat_element(std::string& frame) {
    const auto [begin, end] = leaf(frame);
    const std::string element = frame.substr(begin, end - begin);
    for (std::size_t times = below(20); times > 0; --times) frame.insert(end, element);
  }
  void swap_elements(std::string& frame) {
    const auto [begin, end] = leaf(frame);
    const std::string element = frame.substr(begin, end - begin);
    frame.erase(begin, end - begin);
    const auto [other, rest] = leaf(frame);
    frame.insert(below(2) == 0 ? other : rest, element);
  }
  void nest(std::string& frame) {
    std::string deep;
    for (std::size_t i = below(3000); i > 0; --i) deep += "<a>";
    frame.insert(below(frame.size() + 1), deep);
  }
  void bomb(std::string& frame) {
    const std::size_t at = frame.find("<epp");
    if (at == std::string::npos) return;
    frame.insert(at, "<!DOCTYPE epp [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]>");
    const auto [begin, end] = text_range(frame);
    frame.replace(begin, end - begin, "&b;&b;&b;");
  }
  void repeat_attribute(std::string& frame) {
    const std::size_t at = frame.find(" xmlns", below(frame.size()));
    const std::size_t end = at == std::string::npos ? at : frame.find('"', frame.find('"', at) + 1);
    if (end == std::string::npos) return;
    frame.insert(end + 1, frame.substr(at, end + 1 - at));
  }
  void change_name(std::string& frame) {
    static constexpr std::pair<const char*, const char*> names[] = {{"secDNS-1.1", "secDNS-1.0"},
                                                                    {"secDNS-1.0", "secDNS-1.1"},
                                                                    {"domain-1.0", "host-1.0"},
                                                                    {"create", "update"},
                                                                    {"rem", "add"},
                                                                    {"add", "rem"},
                                                                    {"dsData", "keyData"},
                                                                    {"epp-1.0", "epp-1.1"},
                                                                    {"UTF-8", "UTF-16"},
                                                                    {"update", "create"},
                                                                    {"add>", "chg>"}};
    const auto& [from, to] = names[below(std::size(names))];
    std::size_t at = 0;
    while ((at = frame.find(from, at)) != std::string::npos) {
      frame.replace(at, std::string_view(from).size(), to);
      at += std::string_view(to).size();
    }
  }
  void wrap(std::string& frame) { frame = "<!--" + frame + "-->" + frame; }

  std::mt19937 random_{20261122};
  std::vector<std::string> seeds_;
};

class Hostile : public ::testing::Test {
 protected:
  // Whatever the frame was: a response that is XML, and nothing applied unless it says so.
  void check(const std::string& xml) {
    const std::string before = registry.objects.text();
    const int committed = registry.committed;
    const Reply reply = send(registry, xml);
    ++codes[static_cast<int>(reply.code)];
    const auto response = read_frame(reply.xml);
    ASSERT_TRUE(response) << response.error().reason << "\n" << xml << "\n" << reply.xml;
    const Element& result = response.value().children.at(0).children.at(0);
    ASSERT_EQ(*result.attribute("code"), std::to_string(static_cast<int>(reply.code)));
    if (reply.code == Code::done) {
      ASSERT_EQ(registry.objects.broken_rule(settings_of_kz().apex), "") << xml;
      return;
    }
    ASSERT_FALSE(reply.reason.empty()) << xml;
    ASSERT_EQ(registry.committed, committed) << xml;
    ASSERT_EQ(registry.objects.text(), before) << xml;
  }

  MemoryRegistry registry = registry_of_kz();
  std::map<int, int> codes;
};

TEST_F(Hostile, AHundredThousandFrames) {
  const std::vector<std::string> seeds = corpus();
  ASSERT_GE(seeds.size(), 30U);
  Mutator mutator(seeds);
  for (int i = 0; i < frames_in_all; ++i) {
    // From time to time all is as it was, so that frames that were good are so again.
    if (i % 50 == 0) registry = registry_of_kz();
    check(mutator.next());
    if (HasFatalFailure()) FAIL() << "frame " << i;
  }
  for (const auto& [code, count] : codes) {
    RecordProperty("code_" + std::to_string(code), count);
    EXPECT_GE(code, 1000);
  }
  EXPECT_GT(codes[1000], 1000);  // the good ones among them are not refused
  for (const int code : {2001, 2003, 2004, 2005, 2102, 2103, 2302, 2303, 2305, 2306, 2308}) {
    EXPECT_GT(codes[code], 0) << code;
  }
}

// Every one of these has something wrong, so that each must be refused, with its reason.
TEST_F(Hostile, NoneOfTheseIsTaken) {
  const std::string add = "<secDNS:add>", end = "</secDNS:add>";
  const auto ds = [&](const std::string& data) {
    return update_ds("a.kz", secdns("update", add + data + end));
  };
  const auto a_bomb = [](int i) {
    std::string entities =
        "<!ENTITY e0 \"" + std::string(1 + static_cast<std::size_t>(i % 9), 'x') + "\">";
    for (int n = 1; n < 9; ++n) {
      entities += "<!ENTITY e" + std::to_string(n) + " \"";
      for (int times = 0; times < 10; ++times) entities += "&e" + std::to_string(n - 1) + ";";
      entities += "\">";
    }
    return "<!DOCTYPE epp [" + entities + "]><epp>&e8;</epp>";
  };
  const auto twice = [](int i) {
    std::string xml = create_domain("z" + std::to_string(i) + ".kz", {"ns1.example.net"});
    return xml.insert(xml.find("<epp ") + 5, "xmlns=\"urn:ietf:params:xml:ns:epp-1.0\" ");
  };
  const std::function<std::string(int)> kinds[] = {
      a_bomb,
      twice,
      [&](int i) {
        return ds(ds_data(5, 13, 2, std::string(static_cast<std::size_t>(i % 64), 'a')));
      },
      [&](int i) { return ds(ds_data(65536 + static_cast<unsigned>(i))); },
      [](int i) {
        return create_domain(std::string(249 + static_cast<std::size_t>(i % 80), 'a') + ".kz",
                             {"ns1.example.net"});
      },
      [](int i) {
        return create_domain(std::string(1, static_cast<char>(0x80 + i % 128)) + ".kz",
                             {"ns1.example.net"});
      },
      [](int i) {
        std::string deep;
        for (int n = 0; n < 12 + i % 500; ++n) deep += "<domain:ns>";
        return frame(domain("create", deep));
      },
      [&](int) { return ds(ds_data(9) + ds_data(9)); },
      [](int i) {
        return "<!DOCTYPE epp [<!ENTITY x" + std::to_string(i) + " \"y\">]>" +
               create_domain("z.kz", {"ns1.example.net"}).substr(55);
      },
  };
  const std::string before = registry.objects.text();
  for (int i = 0; i < frames_in_all; ++i) {
    check(kinds[static_cast<std::size_t>(i) % std::size(kinds)](i));
    if (HasFatalFailure()) FAIL() << "frame " << i;
    ASSERT_EQ(codes[1000], 0) << i;
  }
  EXPECT_EQ(registry.objects.text(), before);
}

}  // namespace
}  // namespace tld::epp
