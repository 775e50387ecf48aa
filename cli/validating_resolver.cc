// SPDX-License-Identifier: GPL-2.0-only
#include "cli/validating_resolver.h"

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <unbound.h>

#include <algorithm>
#include <array>
#include <set>

namespace tld::cli {
namespace {

// As libunbound writes them: 192.0.2.1@53, 2001:db8::1@53.
std::string unbound_text(const base::SocketAddress& address) {
  std::array<char, 64> host{};
  ::getnameinfo(address.get(), address.size(), host.data(), host.size(), nullptr, 0,
                NI_NUMERICHOST);
  return fmt::format("{}@{}", host.data(), address.port());
}

base::Status checked(int code, const std::string& what) {
  if (code == 0) return base::ok();
  return base::invalid_input(what + ": " + ub_strerror(code));
}

base::Status configure(ub_ctx* context, const std::filesystem::path& trust_anchor,
                       const ValidatingResolver::Ways& ways) {
  ub_ctx_debugout(context, nullptr);
  for (const auto& [option, value] : std::initializer_list<std::pair<const char*, const char*>>{
           {"do-not-query-localhost:", "no"}, {"qname-minimisation:", "no"}}) {
    TLD_TRY(checked(ub_ctx_set_option(context, option, value), option));
  }
  TLD_TRY(checked(ub_ctx_add_ta_file(context, trust_anchor.c_str()), trust_anchor.string()));
  for (const base::SocketAddress& server : ways.servers) {
    TLD_TRY(
        checked(ub_ctx_set_stub(context, ways.zone.text().c_str(), unbound_text(server).c_str(), 0),
                server.text()));
  }
  if (ways.forwarder) {
    TLD_TRY(checked(ub_ctx_set_fwd(context, unbound_text(*ways.forwarder).c_str()),
                    ways.forwarder->text()));
  }
  return checked(ub_ctx_async(context, 1), "libunbound");
}

std::string fault_of(int code, const ub_result& result) {
  if (code != 0) return ub_strerror(code);
  if (result.bogus != 0) {
    return fmt::format("BOGUS: {}", result.why_bogus != nullptr ? result.why_bogus : "no reason");
  }
  if (result.rcode == 0 || result.nxdomain != 0) return "";
  return fmt::format("no answer, or one that is none (RCODE {})", result.rcode);
}

struct Slot {
  ResolverAnswer answer;
  int id = 0;
  bool done = false;
};

void take(void* where, int code, ub_result* result) {
  Slot& slot = *static_cast<Slot*>(where);
  slot.done = true;
  if (result == nullptr) {
    slot.answer.fault = ub_strerror(code);
    return;
  }
  slot.answer.fault = fault_of(code, *result);
  slot.answer.secure = result->secure != 0;
  for (int i = 0; result->data != nullptr && result->data[i] != nullptr; ++i) {
    slot.answer.rdatas.emplace_back(result->data[i], static_cast<std::size_t>(result->len[i]));
  }
  if (result->answer_packet != nullptr) {
    slot.answer.message.assign(static_cast<const char*>(result->answer_packet),
                               static_cast<std::size_t>(result->answer_len));
  }
  ub_resolve_free(result);
}

}  // namespace

void ValidatingResolver::Delete::operator()(ub_ctx* context) const {
  ub_ctx_delete(context);
}

base::Result<ValidatingResolver> ValidatingResolver::make(const std::filesystem::path& trust_anchor,
                                                          const Ways& ways) {
  ValidatingResolver resolver;
  resolver.context_.reset(ub_ctx_create());
  if (!resolver.context_) return base::internal("libunbound: no context");
  TLD_TRY(configure(resolver.context_.get(), trust_anchor, ways));
  return resolver;
}

// What is under way. The slots stay where they are until each is done or cancelled.
class Questions {
 public:
  explicit Questions(const std::vector<Question>& questions) : slots_(questions.size()) {
    for (std::size_t i = 0; i < questions.size(); ++i) begin(questions[i], slots_[i]);
  }
  Questions(const Questions&) = delete;
  Questions& operator=(const Questions&) = delete;
  ~Questions() {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (!slots_[i].done) ub_cancel(contexts_[i], slots_[i].id);
    }
  }

  void wait(base::Deadline deadline) {
    while (!all_done()) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0) return;
      std::vector<pollfd> doors;
      const std::set<ub_ctx*> each(contexts_.begin(), contexts_.end());
      for (ub_ctx* context : each) doors.push_back({ub_fd(context), POLLIN, 0});
      ::poll(doors.data(), doors.size(), static_cast<int>(std::min<long>(left.count(), 1000)));
      for (ub_ctx* context : each) ub_process(context);
    }
  }
  std::vector<ResolverAnswer> answers() const {
    std::vector<ResolverAnswer> all;
    for (const Slot& slot : slots_) {
      all.push_back(slot.answer);
      if (!slot.done) all.back().fault = "no answer in time";
    }
    return all;
  }

 private:
  void begin(const Question& question, Slot& slot) {
    ub_ctx* const context = question.resolver->context_.get();
    contexts_.push_back(context);
    const int code =
        ub_resolve_async(context, question.name.text().c_str(), static_cast<int>(question.type),
                         /*class IN*/ 1, &slot, take, &slot.id);
    if (code != 0) take(&slot, code, nullptr);
  }
  bool all_done() const { return std::ranges::all_of(slots_, &Slot::done); }

  std::vector<Slot> slots_;
  std::vector<ub_ctx*> contexts_;
};

std::vector<ResolverAnswer> ask(const std::vector<Question>& questions, base::Deadline deadline) {
  Questions under_way(questions);
  under_way.wait(deadline);
  return under_way.answers();
}

}  // namespace tld::cli
