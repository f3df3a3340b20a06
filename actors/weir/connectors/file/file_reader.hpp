// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/connectors/file/file_lane.hpp"
#include "weir/connectors/file/record_decoder.hpp"
#include "weir/source/source.hpp"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace weir::file {

/// Reads files in turn, a batch each. The first turn takes one event of each, so that all of them
/// are part of the watermark before one runs ahead. A poll reads at most a few blocks.
template <class T>
class file_reader final : public source_reader<T> {
public:
  explicit file_reader(file_options options) : options_(std::move(options)) {}

  void assign(std::size_t number, const split& what, std::uint64_t offset) override {
    lanes_.emplace_back(number, file_lane{what.id, offset, options_});
  }

  read_state poll(source_batch<T>& out, std::size_t max, const clock& time) override {
    if (lanes_.empty()) return read_state::ended;
    find_open();
    for (std::size_t tried = 0; tried < open_.size(); ++tried) {
      const std::size_t at = turn_ % open_.size();
      turn_ = at + 1;
      if (read(open_[at], out, max, time)) {
        if (out.lane_ended) turn_ = at;
        return read_state::more;
      }
      out.at_end.push_back(lanes_[open_[at]].number);
    }
    wake_at_ = time.wall() + options_.poll_interval;
    return read_state::caught_up;
  }

  [[nodiscard]] timestamp next_poll() const override { return wake_at_; }
  void pause(std::size_t number) override { set_paused(number, true); }
  void resume(std::size_t number) override { set_paused(number, false); }

private:
  struct lane {
    lane(std::size_t as, file_lane from)
        : number(as), file(std::move(from)), decoder(file.kind()) {}

    std::size_t number;
    file_lane file;
    record_decoder<T> decoder;
    bool paused = false;
    bool begun = false;
  };

  /// The files that are read in turn now: the first ones that aren't paused.
  void find_open() {
    const std::size_t most = options_.follow ? lanes_.size() : options_.files_at_once;
    open_.clear();
    for (std::size_t i = 0; i < lanes_.size() && open_.size() < most; ++i)
      if (!lanes_[i].paused) open_.push_back(i);
  }

  /// Takes what is in memory, and only if that is nothing reads on, so that a failure to read comes
  /// behind all events before it. False if the file has nothing for now.
  bool read(std::size_t index, source_batch<T>& out, std::size_t max, const clock& time) {
    lane& at = lanes_[index];
    out.lane = at.number;
    if (!at.begun && lanes_.size() > 1) max = std::min<std::size_t>(max, 1);
    if (take(at, out, max)) return true;
    switch (at.file.advance(time.steady())) {
      case file_lane::progress::more:
        take(at, out, max);
        return true;
      case file_lane::progress::waiting:
        return false;
      case file_lane::progress::ended:
        out.first_offset = out.end_offset = at.file.position();
        out.lane_ended = true;
        lanes_.erase(lanes_.begin() + static_cast<std::ptrdiff_t>(index));
        return true;
    }
    return false;
  }

  bool take(lane& at, source_batch<T>& out, std::size_t max) {
    raw_record record;
    while (out.events.size() < max && out.rejected.size() < max_rejected && at.file.next(record)) {
      if (out.events.empty() && out.rejected.empty()) out.first_offset = record.offset;
      if (record.header)
        take_header(at, record);
      else
        decode(at, record, out);
    }
    out.end_offset = at.file.position();
    if (out.events.empty() && out.rejected.empty()) return false;
    at.begun = at.begun || !out.events.empty();
    return true;
  }

  void take_header(lane& at, const raw_record& record) {
    const auto failed = [&](std::string why) {
      return exception({errc::decode_failed,
                        "the CSV header of '" + at.file.path() + "' can't be used: " + why});
    };
    if (record.fault != nullptr) throw failed(record.fault);
    if (const auto taken = at.decoder.take_header(record.text); !taken)
      throw failed(taken.error().message);
  }

  /// The offset after an event is where the next one of the batch begins, rejected records between
  /// them included, since those are dealt with before any event of the batch.
  void decode(lane& at, const raw_record& record, source_batch<T>& out) {
    if (record.fault != nullptr) return reject(record, record.fault, out);
    if (auto decoded = decode_safely(at, record, out.events.values.emplace_back(T{})); !decoded) {
      out.events.values.pop_back();
      return reject(record, decoded.error().message, out);
    }
    if (out.offsets.empty())
      out.first_offset = record.offset;
    else
      out.offsets.back() = record.offset;
    out.offsets.push_back(record.end);
  }

  /// A type's own codec may throw.
  static result<void> decode_safely(lane& at, const raw_record& record, T& event) {
    try {
      return at.decoder.decode(record.text, event);
    } catch (const std::exception& e) {
      return error{errc::decode_failed, e.what()};
    }
  }

  static void reject(const raw_record& record, std::string why, source_batch<T>& out) {
    out.rejected.push_back(
        {record.offset, std::string{record.text.substr(0, kept_of_a_record)}, std::move(why)});
  }

  void set_paused(std::size_t number, bool paused) {
    for (lane& l : lanes_)
      if (l.number == number) l.paused = paused;
  }

  static constexpr std::size_t max_rejected = 16;  ///< A batch, to bound the text that is held.

  file_options options_;
  std::vector<lane> lanes_;
  std::vector<std::size_t> open_;
  std::size_t turn_ = 0;  ///< Whose turn it is, a place in `open_`.
  timestamp wake_at_ = max_timestamp;
};

}  // namespace weir::file
