// SPDX-License-Identifier: BSD-3-Clause
#include "weir/flow/event_errors.hpp"

#include "weir/flow/typed_output_port.hpp"

#include <algorithm>

namespace weir::flow {

error event_errors::current_error() {
  try {
    throw;
  } catch (const exception& e) {
    return e.why();
  } catch (const std::exception& e) {
    return {errc::stage_failed, e.what()};
  } catch (...) {
    return {errc::stage_failed, "an exception that is no std::exception"};
  }
}

event_errors::next event_errors::judge(std::string_view operator_name, const error& why,
                                       std::uint32_t tries, timestamp wall, bool may_retry,
                                       effects& out) {
  switch (directive_.what) {
    case directive::kind::dead_letter:
      return next::go_on;
    case directive::kind::skip:
      metrics_->skipped_events.add(1);
      return next::go_on;
    case directive::kind::retry:
      if (!may_retry || tries > directive_.tries) return next::go_on;
      metrics_->retries.add(1);
      not_before_ = saturating_add(wall, directive_.backoff * (1LL << std::min(tries - 1, 20U)));
      out.wake_at = std::min(out.wake_at, not_before_);
      return next::again;
    case directive::kind::restart:
    case directive::kind::stop:
      break;
  }
  failed_ = true;
  const auto wants =
      directive_.what == directive::kind::stop ? failure::remedy::stop : failure::remedy::restart;
  out.failures.push_back({wants, std::string{operator_name}, why});
  return next::fail;
}

dead_letter event_errors::begin_letter(std::string_view operator_name, error why,
                                       std::uint32_t tries, timestamp wall) const {
  dead_letter letter;
  letter.stage = stage_;
  letter.operator_name = operator_name;
  letter.error = std::move(why.message);
  letter.failed_at = wall;
  letter.tries = tries;
  return letter;
}

bool event_errors::on_rejected(std::string_view operator_name, error why, timestamp wall,
                               const dead_letter& record, effects& out) {
  const auto describe = [&](dead_letter& letter) {
    letter.source = record.source;
    letter.offset = record.offset;
    letter.text = record.text;
  };
  return on_error(operator_name, std::move(why), 1, wall, out, false, describe) != next::fail;
}

void event_errors::send(dead_letter letter) {
  metrics_->dead_letters.add(1);
  if (dead_letters_ == nullptr) return;
  const timestamp at = letter.event_time.value_or(letter.failed_at);
  dead_letters_->emit(0, std::move(letter), at);
}

bool event_errors::waiting(timestamp wall, effects& out) {
  if (dead_letters_ != nullptr && dead_letters_->full()) return true;
  if (wall >= not_before_) return false;
  out.wake_at = std::min(out.wake_at, not_before_);
  return true;
}

}  // namespace weir::flow
