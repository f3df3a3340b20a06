// SPDX-License-Identifier: BSD-3-Clause
#include "weir/actors/restore_all.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <iterator>
#include <system_error>
#include <thread>

namespace weir::actors {

void restore_all(const std::vector<flow::stage*>& stages, std::uint32_t threads) {
  std::vector<flow::stage*> some;
  std::copy_if(stages.begin(), stages.end(), std::back_inserter(some),
               [](const flow::stage* s) { return s->has_to_restore(); });
  std::vector<std::exception_ptr> failures(some.size());
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> failed = false;
  const auto work = [&] {
    for (std::size_t i = next++; i < some.size() && !failed; i = next++) try {
        some[i]->restore();
      } catch (...) {
        failures[i] = std::current_exception();
        failed = true;
      }
  };
  {
    std::vector<std::jthread> helpers;
    try {
      for (std::size_t i = 1; i < std::min<std::size_t>(threads, some.size()); ++i)
        helpers.emplace_back(work);
    } catch (const std::system_error&) {  // then with those that there are
    }
    work();
  }
  for (const std::exception_ptr& failure : failures)
    if (failure) std::rethrow_exception(failure);
}

}  // namespace weir::actors
