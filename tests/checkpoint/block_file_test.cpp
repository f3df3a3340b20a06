// SPDX-License-Identifier: BSD-3-Clause
#include "weir/checkpoints/block_file.hpp"

#include "support/temporary_directory.hpp"
#include "weir/checkpoints/part_file.hpp"

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <random>

using namespace weir;
using namespace weir::checkpoints;
using weir::test::temporary_directory;
namespace fs = std::filesystem;

namespace {

std::string text_of(std::size_t n, std::uint64_t seed) {
  std::mt19937_64 random{seed};
  std::string text(n, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

/// A directory on each kind of file system that there is: not all can go past the page cache.
std::vector<std::unique_ptr<temporary_directory>> places() {
  std::vector<std::unique_ptr<temporary_directory>> all;
  all.push_back(std::make_unique<temporary_directory>());
  if (fs::is_directory("/dev/shm"))
    all.push_back(std::make_unique<temporary_directory>("/dev/shm"));
  return all;
}

}  // namespace

TEST_CASE("a file of any size that is written in blocks is read as it was") {
  for (const auto& place : places()) {
    const std::string path = *place / "file";
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, std::size_t{4'095}, std::size_t{4'096}, block_size - 1,
          block_size, block_size + 1, 2 * block_size - 1, 2 * block_size, 7 * block_size,
          9 * block_size + 4'096, 9 * block_size + 12'345}) {
      INFO(path << ", " << size);
      const std::string text = text_of(size, size);
      std::mt19937_64 random{size};
      auto out = block_writer::open(path).value();
      for (std::size_t at = 0; at < size;) {
        const std::size_t n = std::min<std::size_t>(size - at, 1 + random() % (block_size * 3 / 2));
        REQUIRE(out.write(std::string_view{text}.substr(at, n)));
        at += n;
      }
      CHECK(out.finish().value() == sum_of(text));
      CHECK(fs::file_size(path) == size);
      CHECK(read_file(path).value() == text);

      block_reader in{posix::open_to_read(path).value(), path, size};
      std::string read;
      for (std::string_view block = in.next(); !block.empty(); block = in.next()) read += block;
      CHECK(read == text);
      CHECK(in.next().empty());
    }
  }
}

TEST_CASE("a reader that is given up half-way ends") {
  const temporary_directory dir;
  const std::string path = dir / "long";
  REQUIRE(write_file(path, text_of(12 * block_size, 1)));
  for (int taken = 0; taken < 8; ++taken) {
    block_reader in{posix::open_to_read(path).value(), path, 12 * block_size};
    for (int i = 0; i < taken; ++i) REQUIRE(in.next().size() == block_size);
  }
}

TEST_CASE("a file of parts whose length is another is refused") {
  const temporary_directory dir;
  const std::string path = dir / "state";
  auto out = part_writer::open(path).value();
  REQUIRE(out.add({"op", "s", state_kind::keyed, 1, bytes(5 * block_size, std::byte{1}), nullptr}));
  const file_sum sum = out.finish().value();
  REQUIRE(read_parts(path, sum));
  for (const std::uint64_t size : {sum.size - 1, sum.size + 1, std::uint64_t{0}}) {
    fs::resize_file(path, size);
    CHECK(!read_parts(path, sum));
    // As long as the manifest says, and not as the parts do.
    CHECK(!read_parts(path, {size, sum.checksum}));
  }
}

TEST_CASE("a file of parts whose first bytes are damaged is refused") {
  const temporary_directory dir;
  const std::string path = dir / "state";
  auto out = part_writer::open(path).value();
  REQUIRE(out.add({"op", "s", state_kind::keyed, 1, bytes(2 * block_size, std::byte{1}), nullptr}));
  const file_sum sum = out.finish().value();
  const std::string whole = read_file(path).value();
  for (std::size_t i = 0; i < 40; ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x41);
    REQUIRE(write_file(path, damaged));
    const auto read = read_parts(path, sum);
    REQUIRE(!read);
    CHECK(read.error().message.find("is damaged") != std::string::npos);
  }
}

TEST_CASE("a full disk is told of") {
  auto out = block_writer::open("/dev/full").value();
  const std::string text = text_of(2 * block_size, 1);
  auto done = out.write(text);
  if (done) {
    const auto finished = out.finish();
    REQUIRE(!finished);
    done = finished.error();
  }
  CHECK(done.error().message == "cannot write '/dev/full': No space left on device");
}
