// SPDX-License-Identifier: BSD-3-Clause
#include "weir/main/signals.hpp"

#include <atomic>

namespace weir {

namespace {

std::atomic<int> received{0};
static_assert(std::atomic<int>::is_always_lock_free, "the handler must not lock");

extern "C" void count_signal(int) { received.fetch_add(1); }

}  // namespace

signal_counter::signal_counter() {
  received = 0;
  struct sigaction action {};
  action.sa_handler = count_signal;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, &int_before_);
  sigaction(SIGTERM, &action, &term_before_);
}

signal_counter::~signal_counter() {
  sigaction(SIGINT, &int_before_, nullptr);
  sigaction(SIGTERM, &term_before_, nullptr);
}

int signal_counter::count() const noexcept { return received.load(); }

}  // namespace weir
