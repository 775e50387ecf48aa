// SPDX-License-Identifier: GPL-2.0-only
#include "epp/frame.h"

#include <expat.h>

#include <algorithm>
#include <cstdint>
#include <memory>

namespace tld::epp {
namespace {

constexpr char separator = '\x01';  // between namespace and name: no XML character

struct Name {
  std::string space, local;
};

Name split(const char* joined) {
  const std::string_view text(joined);
  const std::size_t at = text.find(separator);
  if (at == std::string_view::npos) return {"", std::string(text)};
  return {std::string(text.substr(0, at)), std::string(text.substr(at + 1))};
}

bool same_ignoring_case(std::string_view a, std::string_view b) {
  const auto fold = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  return std::ranges::equal(a, b, {}, fold, fold);
}

// What expat reports goes into a tree; the first thing that we refuse stops it.
class TreeBuilder {
 public:
  explicit TreeBuilder(XML_Parser parser) : parser_(parser) {
    XML_SetUserData(parser, this);
    XML_SetElementHandler(parser, on_start, on_end);
    XML_SetCharacterDataHandler(parser, on_text);
    XML_SetXmlDeclHandler(parser, on_declaration);
    XML_SetStartDoctypeDeclHandler(parser, on_doctype);
  }

  bool complete() const { return end_ != 0; }
  const std::string& fault() const { return fault_; }
  Document take() { return {std::move(root_), end_}; }

 private:
  static TreeBuilder& self(void* data) { return *static_cast<TreeBuilder*>(data); }

  static void on_start(void* data, const XML_Char* name, const XML_Char** attributes) {
    self(data).start(name, attributes);
  }
  static void on_end(void* data, const XML_Char* /*name*/) { self(data).end(); }
  static void on_text(void* data, const XML_Char* text, int octets) {
    self(data).open_.back()->text.append(text, static_cast<std::size_t>(octets));
  }
  static void on_declaration(void* data, const XML_Char* version, const XML_Char* encoding,
                             int /*standalone*/) {
    if (version == nullptr || std::string_view(version) != "1.0") {
      self(data).refuse("the XML declaration's version is not 1.0");
    } else if (encoding != nullptr && !same_ignoring_case(encoding, "UTF-8")) {
      self(data).refuse("the XML declaration's encoding is not UTF-8");
    }
  }
  static void on_doctype(void* data, const XML_Char*, const XML_Char*, const XML_Char*, int) {
    self(data).refuse("a DOCTYPE is not accepted");
  }

  void start(const char* joined, const char** attributes) {
    if (open_.size() == max_depth) {
      return refuse("elements are nested more than " + std::to_string(max_depth) + " deep");
    }
    Name name = split(joined);
    Element element{std::move(name.space), std::move(name.local), {}, {}, {}};
    for (; *attributes != nullptr; attributes += 2) {
      Name attribute = split(attributes[0]);
      element.attributes.push_back(
          {std::move(attribute.space), std::move(attribute.local), attributes[1]});
    }
    if (open_.empty()) {
      root_ = std::move(element);
      open_.push_back(&root_);
    } else {
      // Only the innermost open element gets children: the pointers to the others stay good.
      open_.back()->children.push_back(std::move(element));
      open_.push_back(&open_.back()->children.back());
    }
  }

  void end() {
    open_.pop_back();
    if (!open_.empty()) return;
    end_ = static_cast<std::size_t>(XML_GetCurrentByteIndex(parser_)) +
           static_cast<std::size_t>(XML_GetCurrentByteCount(parser_));
    XML_StopParser(parser_, XML_FALSE);
  }

  void refuse(std::string why) {
    if (fault_.empty()) fault_ = std::move(why);
    XML_StopParser(parser_, XML_FALSE);
  }

  XML_Parser parser_;
  Element root_;
  std::vector<Element*> open_;
  std::string fault_;
  std::size_t end_ = 0;
};

std::string place(XML_Parser parser) {
  return "line " + std::to_string(XML_GetCurrentLineNumber(parser)) + ", column " +
         std::to_string(XML_GetCurrentColumnNumber(parser) + 1) + ": ";
}

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

}  // namespace

Answer<Document> read_document(std::string_view octets) {
  const std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> parser(
      XML_ParserCreateNS("UTF-8", separator), XML_ParserFree);
  if (parser == nullptr) return Refusal(Code::failed, "out of memory");
  TreeBuilder builder(parser.get());
  const bool whole = octets.size() <= max_frame_octets;
  const std::size_t size = std::min(octets.size(), max_frame_octets);
  const auto status = XML_Parse(parser.get(), octets.data(), static_cast<int>(size), whole);
  if (builder.complete()) return builder.take();
  if (!builder.fault().empty()) {
    return Refusal(Code::syntax, place(parser.get()) + builder.fault());
  }
  if (status == XML_STATUS_OK) {
    return Refusal(Code::syntax,
                   "the frame has more than " + std::to_string(max_frame_octets) + " octets");
  }
  return Refusal(Code::syntax, place(parser.get()) + "not well-formed XML in UTF-8: " +
                                   XML_ErrorString(XML_GetErrorCode(parser.get())));
}

Answer<Element> read_frame(std::string_view octets) {
  const std::string_view from = without_leading_space(octets);
  TLD_TRY(Document document, read_document(from));
  if (!without_leading_space(from.substr(document.octets)).empty()) {
    return Refusal(Code::syntax, "something stands behind the end of </epp>");
  }
  return std::move(document.root);
}

std::optional<std::string_view> take_framed(std::string_view& octets) {
  if (octets.size() < 4) return std::nullopt;
  std::uint32_t length = 0;
  for (int i = 0; i < 4; ++i) {
    length = length << 8 | static_cast<unsigned char>(octets[static_cast<std::size_t>(i)]);
  }
  if (length < 4 || length > octets.size() || length > max_frame_octets + 4) return std::nullopt;
  const std::string_view xml = octets.substr(4, length - 4);
  octets.remove_prefix(length);
  return xml;
}

std::string framed(std::string_view xml) {
  const auto length = static_cast<std::uint32_t>(xml.size() + 4);
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(length >> shift & 0xff);
  return out.append(xml);
}

std::string_view without_leading_space(std::string_view octets) {
  const auto* first = std::ranges::find_if_not(octets, is_space);
  return octets.substr(static_cast<std::size_t>(first - octets.begin()));
}

}  // namespace tld::epp
