// SPDX-License-Identifier: BSD-3-Clause
#include "baselines/baselines.hpp"
#include "each_event.hpp"
#include "queries/logged_bid.hpp"

#include <charconv>
#include <filesystem>
#include <fstream>

namespace nexmark::by_hand {

namespace {

/// Lines of CSV that go to the file 256 KiB at a time. The padding may need quotes; times are in
/// microseconds.
class csv_file {
public:
  explicit csv_file(const std::string& path) : out_(path, std::ios::binary) {}
  ~csv_file() { out_.write(text_.data(), static_cast<std::streamsize>(text_.size())); }

  void add(const logged_bid& b) {
    put(b.auction);
    put(b.bidder);
    put(b.price);
    put(b.date_time.time_since_epoch().count());
    const std::string_view extra = b.extra;
    if (extra.find_first_of("\",\r\n") == extra.npos)
      text_ += extra;
    else
      text_ += '"' + std::string{extra} + '"';
    text_ += ',';
    put(b.dt);
    put(b.hm);
    text_.back() = '\n';
    if (text_.size() < 256 * 1024) return;
    out_.write(text_.data(), static_cast<std::streamsize>(text_.size()));
    text_.clear();
  }

private:
  void put(std::int64_t n) {
    char digits[24];
    text_.append(digits, std::to_chars(digits, digits + sizeof digits, n).ptr);
    text_ += ',';
  }

  std::string text_;
  std::ofstream out_;
};

}  // namespace

void q10(event_feed from, const setting& s, tally& to) {
  const std::filesystem::path directory = s.directory.empty()
                                              ? std::filesystem::temp_directory_path()
                                              : std::filesystem::path{s.directory};
  std::filesystem::create_directories(directory);
  const auto path = directory / "nexmark-bids-by-hand.csv";
  {
    csv_file file{path.string()};
    each_event(from, [&](const bid& b) {
      const logged_bid row = logged(b);
      file.add(row);
      to.add(row);
    });
  }
  if (s.directory.empty()) std::filesystem::remove(path);
}

}  // namespace nexmark::by_hand
