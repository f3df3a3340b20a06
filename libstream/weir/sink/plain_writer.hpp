// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/error.hpp"
#include "weir/sink/sink.hpp"

#include <exception>
#include <span>

namespace weir {

/// A writer whose events are out as soon as they are written: it has nothing to commit.
template <class T>
class plain_writer : public sink_writer<T> {
public:
  result<bytes> pre_commit(std::uint64_t) override { return bytes{}; }
  result<void> commit(std::span<const std::byte>) override { return {}; }
};

/// Calls `f(event)` for one event after the other, until it throws: then that is the failure.
template <class T, class F>
[[nodiscard]] written write_each(std::span<const T> events, F f) {
  written done;
  try {
    for (; done.events < events.size(); ++done.events) f(events[done.events]);
  } catch (const exception& e) {
    done.failure = e.why();
  } catch (const std::exception& e) {
    done.failure = error{errc::stage_failed, e.what()};
  } catch (...) {
    done.failure = error{errc::stage_failed, "an exception that is no std::exception"};
  }
  return done;
}

}  // namespace weir
