// SPDX-License-Identifier: GPL-2.0-only
#include "plugin/budget_check.h"

#include <fmt/format.h>

namespace tld::plugin {
namespace {

double per_second(std::uint64_t signatures, std::chrono::seconds in) {
  return static_cast<double>(signatures) / static_cast<double>(in.count());
}

}  // namespace

std::string budget_trouble(std::uint32_t rate, const std::vector<ZoneNeed>& zones) {
  double refreshing = 0;
  std::string sum;
  for (const ZoneNeed& zone : zones) {
    const double need = per_second(zone.signatures, zone.period);
    refreshing += need;
    sum += fmt::format("{}{} {} signatures / {} s = {:.2f}", sum.empty() ? "" : ", ", zone.zone,
                       zone.signatures, zone.period.count(), need);
  }
  if (refreshing > rate) {
    return fmt::format(
        "refresh-rate {} is below the {:.2f} signatures a second that refreshing needs ({}): "
        "signatures will run out and be made when they are asked for; raise it",
        rate, refreshing, sum);
  }
  for (const ZoneNeed& zone : zones) {
    const double warming = per_second(zone.signatures, zone.sign_delay);
    if (!zone.rolls || warming + refreshing <= rate) continue;
    return fmt::format(
        "refresh-rate {} is below the {:.2f} signatures a second that a ZSK roll of {} needs "
        "({} signatures / sign-delay {} s = {:.2f}, and {:.2f} for refreshing): the roll will wait "
        "for them; raise it, or the policy's sign-delay",
        rate, warming + refreshing, zone.zone, zone.signatures, zone.sign_delay.count(), warming,
        refreshing);
  }
  return "";
}

}  // namespace tld::plugin
