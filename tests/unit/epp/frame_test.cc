// SPDX-License-Identifier: GPL-2.0-only
//
// Octets and frames: many in one file, RFC 5734's lengths, what XML allows in other words, and the
// response's own form.
#include "epp/frame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/epp/frames.h"

namespace tld::epp {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> all_of(FrameReader reader, bool* lost = nullptr) {
  std::vector<std::string> frames;
  while (const auto one = reader.next()) frames.emplace_back(*one);
  if (lost != nullptr) *lost = reader.lost();
  return frames;
}

TEST(FrameReader, DocumentsOneBehindTheOther) {
  const std::string a = "<?xml version=\"1.0\"?>\n<a>x</a>", b = "<b/>", c = "\xEF\xBB\xBF<c></c>";
  bool lost = true;
  EXPECT_THAT(all_of({"\n" + a + b + "\r\n\t " + c + "\n\n", false}, &lost), ElementsAre(a, b, c));
  EXPECT_FALSE(lost);
  EXPECT_THAT(all_of({"", false}), ElementsAre());
  EXPECT_THAT(all_of({" \n", false}), ElementsAre());
}

// Where a broken document ends nobody knows: nothing behind it may be carried out.
TEST(FrameReader, BrokenDocumentTakesTheRest) {
  bool lost = false;
  EXPECT_THAT(all_of({"<a/><b><c></b><d/>", false}, &lost), ElementsAre("<a/>", "<b><c></b><d/>"));
  EXPECT_TRUE(lost);
}

TEST(FrameReader, LengthsOfRfc5734) {
  bool lost = true;
  const std::string stream = framed("<a/>") + framed("") + framed("<b><c></b>") + framed("<d/>");
  EXPECT_EQ(stream.substr(0, 8), std::string("\0\0\0\x08<a/>", 8));
  EXPECT_THAT(all_of({stream, true}, &lost), ElementsAre("<a/>", "", "<b><c></b>", "<d/>"));
  EXPECT_FALSE(lost);
}

TEST(FrameReader, WrongLengthsTakeTheRest) {
  for (const std::string& wrong :
       {std::string("\0\0\0", 3), std::string("\0\0\0\x03zzzz", 8),
        std::string("\0\0\0\x09<a/>", 8), std::string("\xff\xff\xff\xff<a/>", 8),
        std::string("\0\2\0\0", 4) + std::string(131072, 'a')}) {
    bool lost = false;
    EXPECT_THAT(all_of({framed("<x/>") + wrong, true}, &lost), ElementsAre("<x/>", wrong));
    EXPECT_TRUE(lost);
  }
}

TEST(Frame, LimitsAreExact) {
  const auto nested = [](std::size_t depth) {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) text += "<a>";
    for (std::size_t i = 0; i < depth; ++i) text += "</a>";
    return text;
  };
  EXPECT_TRUE(read_frame(nested(max_depth)));
  EXPECT_FALSE(read_frame(nested(max_depth + 1)));
  const auto sized = [](std::size_t octets) {
    return "<a>" + std::string(octets - 7, 'x') + "</a>";
  };
  EXPECT_TRUE(read_frame(sized(max_frame_octets)));
  EXPECT_FALSE(read_frame(sized(max_frame_octets + 1)));
}

// Prefixes mean nothing, CDATA and character references are text, comments are nothing.
TEST(Frame, OtherWordsForTheSame) {
  MemoryRegistry registry = registry_of_kz();
  const Reply reply = send(
      registry,
      "<e:epp xmlns:e=\"urn:ietf:params:xml:ns:epp-1.0\" "
      "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
      "xsi:schemaLocation=\"urn:ietf:params:xml:ns:epp-1.0 epp-1.0.xsd\"><e:command><e:delete>"
      "<delete xmlns=\"urn:ietf:params:xml:ns:domain-1.0\"><name> <![CDATA[b]]>.k<!-- no -->&#x7A;"
      "\n</name></delete></e:delete></e:command></e:epp>");
  EXPECT_EQ(reply.code, Code::done) << reply.xml;
  EXPECT_THAT(registry.objects.text(), Not(HasSubstr("domain b.kz.")));
}

// A prefix that says domain is none when its URI is another one.
TEST(Frame, PrefixOfAnotherNamespaceIsNotTaken) {
  MemoryRegistry registry = registry_of_kz();
  const Reply reply =
      send(registry, frame("<delete><domain:delete xmlns:domain=\"urn:x\"><domain:name>b.kz"
                           "</domain:name></domain:delete></delete>"));
  EXPECT_EQ(reply.code, Code::unimplemented_object);
}

TEST(Response, HasTheIdentifiers) {
  MemoryRegistry registry = registry_of_kz();
  EXPECT_EQ(send(registry, frame(domain("delete", "<domain:name>b.kz</domain:name>"))).xml,
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>"
            "<epp xmlns=\"urn:ietf:params:xml:ns:epp-1.0\"><response><result code=\"1000\">"
            "<msg>Command completed successfully</msg></result>"
            "<trID><clTRID>ABC-12345</clTRID><svTRID>SRV-1</svTRID></trID></response></epp>");
}

// The offending element with its value, even when what is wrong stands before clTRID.
TEST(Response, NamesTheOffendingElement) {
  MemoryRegistry registry = registry_of_kz();
  const Reply reply =
      send(registry, frame(domain("delete", "<domain:name>a&amp;&lt;b</domain:name>")));
  EXPECT_THAT(reply.xml,
              HasSubstr("<result code=\"2005\"><msg>Parameter value syntax error</msg><extValue>"
                        "<value><domain:name xmlns:domain=\"urn:ietf:params:xml:ns:domain-1.0\">"
                        "a&amp;&lt;b</domain:name></value><reason>"));
  EXPECT_THAT(reply.xml, HasSubstr("<clTRID>ABC-12345</clTRID>"));
}

// What comes back is no larger than it needs to be, and no password is in it.
TEST(Response, ShowsNoMoreThanNeeded) {
  MemoryRegistry registry = registry_of_kz();
  const std::string wide(max_shown_text - 1, 'a');
  const Reply cut =
      send(registry, frame(domain("delete", "<domain:name>" + wide + "\xd2\x9b</domain:name>")));
  EXPECT_THAT(cut.xml, HasSubstr(">" + wide + "</domain:name>"));
  const Reply secret = send(registry, frame(domain("create",
                                                   "<domain:authInfo><domain:pw>2fooBAR</domain:pw>"
                                                   "</domain:authInfo>")));
  EXPECT_EQ(secret.code, Code::parameter_missing);
  EXPECT_THAT(secret.xml, HasSubstr("<domain:authInfo></domain:authInfo>"));
  EXPECT_THAT(secret.xml, Not(HasSubstr("2fooBAR")));
  const Reply inside =
      send(registry, frame(domain("create",
                                  "<domain:name>x.kz</domain:name><domain:authInfo><domain:pw>"
                                  "2fooBAR<x xmlns=\"\"/></domain:pw></domain:authInfo>")));
  EXPECT_EQ(inside.code, Code::syntax);
  EXPECT_THAT(inside.xml, HasSubstr("></domain:pw></value>"));
  EXPECT_THAT(inside.xml, Not(HasSubstr("2fooBAR")));
}

// What a store says of itself may hold any octets.
TEST(Response, IsXmlWhateverTheStoreSays) {
  MemoryRegistry registry = registry_of_kz();
  registry.fail_call = 1;
  registry.failure = "/srv/\xff\x01<store>: away";
  const Reply reply = send(registry, frame(domain("delete", "<domain:name>b.kz</domain:name>")));
  EXPECT_EQ(reply.code, Code::failed);
  EXPECT_TRUE(read_frame(reply.xml));
  EXPECT_THAT(reply.xml, HasSubstr("<reason>/srv/??&lt;store&gt;: away</reason>"));
}

}  // namespace
}  // namespace tld::epp
