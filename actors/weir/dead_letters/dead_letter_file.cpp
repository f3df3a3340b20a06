// SPDX-License-Identifier: BSD-3-Clause
#include "weir/dead_letters/dead_letter_file.hpp"

#include "weir/codec/binary.hpp"

#include <chrono>
#include <optional>
#include <utility>

namespace weir {

/// Where the file stood when this process began. Used by one writer at a time: the attempts of one
/// stage follow each other.
struct dead_letter_file::line_of_runs {
  std::optional<letters::letter_place> at;
};

namespace {

using letters::letter_place;

std::uint64_t now_micros() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

template <class Began>
class letter_writer final : public sink_writer<dead_letter> {
public:
  letter_writer(std::string path, letter_file_limits limits, const sink_instance& at,
                std::unique_ptr<sink_writer<dead_letter>> newest,
                std::shared_ptr<std::atomic<std::uint64_t>> removed, std::shared_ptr<Began> began)
      : path_(std::move(path)),
        to_(path_, limits),
        start_(at.start.value_or(at.attempt == 0 ? sink_start::fresh : sink_start::goes_on)),
        newest_(std::move(newest)),
        removed_(std::move(removed)),
        began_(std::move(began)) {}

  written write(std::span<const dead_letter> letters, std::span<const timestamp> times) override {
    written done;
    if (auto begun = begin(); !begun) return {0, begun.error()};
    for (; done.events < letters.size(); ++done.events)
      if (auto added = to_.add(letters[done.events]); !added) {
        done.failure = added.error();
        break;
      }
    *removed_ += to_.removed() - std::exchange(told_, to_.removed());
    (void)newest_->write(letters.first(done.events), times.first(done.events));
    return done;
  }

  result<bytes> pre_commit(std::uint64_t) override {
    if (auto begun = begin(); !begun) return bytes{};  // each letter says so by itself
    if (auto durable = to_.sync(); !durable) return durable.error();
    bytes place;
    encode(to_.place(), place);
    return place;
  }
  result<void> commit(std::span<const std::byte> committable) override {
    if (begun_) return {};
    letter_place place;
    byte_reader in{committable};
    if (!decode(in, place))
      return error{errc::incompatible, "a saved place in the dead letters' file is damaged"};
    restored_ = letters::further(std::move(restored_), std::move(place), path_);
    return {};
  }

private:
  result<void> begin() {
    if (begun_) return {};
    const auto found = to_.begin();
    if (!found) return found.error();
    // A file of other runs has taken its place if the run differs.
    if (restored_ && (found->run == 0 || found->run == restored_->run)) {
      if (auto back = to_.go_back(*restored_); !back) return back;
    } else if (start_ == sink_start::fresh && began_->at) {
      if (auto back = to_.go_back(*began_->at); !back) return back;
    } else if (start_ == sink_start::goes_on && (began_->at || found->run != 0)) {
      if (began_->at) to_.set_run(began_->at->run);
    } else {
      to_.set_run(now_micros());
      began_->at = to_.place();
    }
    begun_ = true;
    return {};
  }

  std::string path_;
  letters::letter_file to_;
  sink_start start_;
  std::unique_ptr<sink_writer<dead_letter>> newest_;
  std::shared_ptr<std::atomic<std::uint64_t>> removed_;
  std::shared_ptr<Began> began_;
  std::optional<letter_place> restored_;
  bool begun_ = false;
  std::uint64_t told_ = 0;  ///< Removed letters that were counted.
};

}  // namespace

dead_letter_file::dead_letter_file(std::string path, dead_letter_buffer newest,
                                   letter_file_limits limits)
    : path_(std::move(path)),
      newest_(std::move(newest)),
      limits_(limits),
      removed_(std::make_shared<std::atomic<std::uint64_t>>(0)),
      began_(std::make_shared<line_of_runs>()) {}

dead_letter_file dead_letter_file::numbered(std::uint32_t n) const {
  dead_letter_file other = *this;
  other.path_ = letters::numbered_path(path_, n);
  other.began_ = std::make_shared<line_of_runs>();
  return other;
}

std::unique_ptr<sink_writer<dead_letter>> dead_letter_file::make(const sink_instance& at) const {
  return std::make_unique<letter_writer<line_of_runs>>(
      path_, limits_, at, newest_.make_writer<dead_letter>(at), removed_, began_);
}

}  // namespace weir
