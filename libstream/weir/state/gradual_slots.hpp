// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/error.hpp"
#include "weir/state/snapshot.hpp"

#include <bit>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace weir {

/// Saves what keys have in their slots, page by page of 64, while they go on changing: a page that
/// is about to change is written first. Copies begin without a save.
class gradual_slots {
public:
  using write_slot = std::function<void(std::uint32_t)>;
  /// Hands on what has been written, or, where it is all, the rest of it.
  using hand_on = std::function<void(snapshot_writer&, bool all)>;

  gradual_slots() = default;
  gradual_slots(const gradual_slots&) noexcept {}
  gradual_slots& operator=(const gradual_slots&) noexcept { return *this = gradual_slots{}; }
  gradual_slots(gradual_slots&&) = default;
  gradual_slots& operator=(gradual_slots&&) = default;
  ~gradual_slots() = default;

  /// Begins a save of the slots whose bits are set in `used`, 64 a word: `write` is called once for
  /// each, and `on` now and then. One that is under way is given up.
  void begin(snapshot_writer& to, std::vector<std::uint64_t> used, write_slot write, hand_on on) {
    if (job_) job_->cancel();
    job_ = std::make_shared<job>(std::move(used), std::move(write), std::move(on));
    to.later(job_);
  }

  /// Writes all that has not been written, for somebody who is about to change everything.
  void write_all() noexcept {
    if (job_) job_->write_pages_aside();
    job_.reset();
  }

  /// To be told before anything in the slot changes.
  void touch(std::uint32_t slot) {
    if (job_) [[unlikely]]
      touch_page(slot / 64);
  }

private:
  class job final : public gradual_save {
  public:
    job(std::vector<std::uint64_t> pages, write_slot write, hand_on on)
        : pages_(std::move(pages)), write_(std::move(write)), hand_on_(std::move(on)) {}

    bool write_some(std::size_t entries, snapshot_writer& to) override {
      if (failure_) std::rethrow_exception(failure_);
      if (over() && !hand_on_)
        throw exception({errc::stage_failed, "a save was begun before another one had ended"});
      for (std::size_t written = 0; at_ < pages_.size() && written < entries; ++at_)
        written += write_page(at_);
      const bool all = at_ >= pages_.size();
      hand_on_(to, all);
      if (all) cancel();
      return all;
    }
    void cancel() noexcept override {
      pages_.clear();
      hand_on_ = nullptr;
    }

    std::size_t write_page(std::size_t page) {
      if (page >= pages_.size()) return 0;
      std::size_t n = 0;
      for (std::uint64_t left = std::exchange(pages_[page], 0); left != 0; left &= left - 1, ++n)
        write_(static_cast<std::uint32_t>(page * 64) +
               static_cast<std::uint32_t>(std::countr_zero(left)));
      return n;
    }
    /// As above, for somebody who has no part in the save: it fails later, by itself.
    void write_page_aside(std::size_t page) noexcept {
      try {
        write_page(page);
      } catch (...) {
        failure_ = std::current_exception();
        pages_.clear();
      }
    }
    void write_pages_aside() noexcept {
      for (std::size_t page = 0; page < pages_.size(); ++page) write_page_aside(page);
    }
    [[nodiscard]] bool over() const noexcept { return pages_.empty(); }

  private:
    std::vector<std::uint64_t> pages_;  ///< What has not been written; none once the save is over.
    std::size_t at_ = 0;
    write_slot write_;
    hand_on hand_on_;
    std::exception_ptr failure_;
  };

  void touch_page(std::size_t page) {
    if (job_->over())
      job_.reset();
    else
      job_->write_page_aside(page);
  }

  std::shared_ptr<job> job_;
};

}  // namespace weir
