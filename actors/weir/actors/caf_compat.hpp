// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/all.hpp>

#include <chrono>
#include <utility>

/// This header and scheduling.cpp alone know which CAF it is, 0.18.7 or 1.x; everything else goes
/// through these names.
namespace weir::caf_compat {

// CAF_VERSION is no guide: 1.1.0 defines it as 0100, an octal 64.
inline constexpr bool is_caf_1 = CAF_MAJOR_VERSION >= 1;

template <class State>
using state_actor = caf::stateful_actor<State>;

#if CAF_MAJOR_VERSION >= 1

template <class Self, class To, class... Ts>
void send(Self* self, const To& to, Ts&&... values) {
  self->mail(std::forward<Ts>(values)...).send(to);
}
/// Comes before what is waiting.
template <class Self, class To, class... Ts>
void send_urgent(Self* self, const To& to, Ts&&... values) {
  self->mail(std::forward<Ts>(values)...).urgent().send(to);
}
template <class Self, class To, class... Ts>
void send_after(Self* self, caf::timespan delay, const To& to, Ts&&... values) {
  self->mail(std::forward<Ts>(values)...).delay(delay).send(to);
}
template <class To, class... Ts>
void send_anonymous(const To& to, Ts&&... values) {
  caf::anon_mail(std::forward<Ts>(values)...).send(to);
}
/// Calls `on_down(error)` in the context of `self` once `whom` has ended; at once if it already
/// has.
template <class Self, class F>
void watch(Self* self, const caf::actor& whom, F on_down) {
  self->monitor(whom, [f = std::move(on_down)](const caf::error& why) mutable { f(why); });
}

#else

template <class Self, class To, class... Ts>
void send(Self* self, const To& to, Ts&&... values) {
  self->send(to, std::forward<Ts>(values)...);
}
template <class Self, class To, class... Ts>
void send_urgent(Self* self, const To& to, Ts&&... values) {
  self->template send<caf::message_priority::high>(to, std::forward<Ts>(values)...);
}
template <class Self, class To, class... Ts>
void send_after(Self* self, caf::timespan delay, const To& to, Ts&&... values) {
  self->delayed_send(to, delay, std::forward<Ts>(values)...);
}
template <class To, class... Ts>
void send_anonymous(const To& to, Ts&&... values) {
  caf::anon_send(to, std::forward<Ts>(values)...);
}
/// As above. The functor runs in the dying actor's thread, so it only posts an action to `self`.
template <class Self, class F>
void watch(Self* self, const caf::actor& whom, F on_down) {
  whom->attach_functor([weak = caf::actor_addr{self->address()},
                        f = std::move(on_down)](const caf::error& reason) mutable {
    if (auto strong = caf::actor_cast<caf::strong_actor_ptr>(weak))
      strong->enqueue(nullptr, caf::make_message_id(caf::message_priority::high),
                      caf::make_message(caf::make_action([f, reason]() mutable { f(reason); })),
                      nullptr);
  });
}

#endif

/// Sends a message that was made once and is shared from then on: saves making its contents anew.
inline void send_shared(const caf::actor& to, const caf::message& what) {
  const auto target = caf::actor_cast<caf::strong_actor_ptr>(to);
  target->enqueue(nullptr, caf::make_message_id(), what, nullptr);
}

}  // namespace weir::caf_compat
