// SPDX-License-Identifier: BSD-3-Clause
// Orders are files in the checkpoint directory, put there by a rename: they need no port and no
// right but to write where the run writes.
#include "weir/main/orders.hpp"

#include "weir/checkpoints/directory_lock.hpp"
#include "weir/checkpoints/part_file.hpp"

#include <array>
#include <cstdio>
#include <filesystem>
#include <string_view>
#include <thread>
#include <utility>

namespace weir {

namespace {

namespace fs = std::filesystem;

constexpr std::array<std::pair<run_order, std::string_view>, 4> words{{
    {run_order::savepoint, "savepoint"},
    {run_order::stop, "stop"},
    {run_order::stop_with_savepoint, "stop with savepoint"},
    {run_order::drain, "drain"},
}};

std::string order_file(const std::string& directory) { return directory + "/order"; }
std::string answer_file(const std::string& directory) { return directory + "/answer"; }

/// Puts a file in place at once, whole.
result<void> put(const std::string& path, std::string_view text) {
  const std::string hidden = path + ".part";
  if (auto written = checkpoints::write_file(hidden, text); !written) return written.error();
  std::error_code why;
  fs::rename(hidden, path, why);
  return why ? result<void>{error{errc::io_failed, "cannot write '" + path + "'"}} : result<void>{};
}

/// Takes a file away, and answers what was in it.
std::optional<std::string> take(const std::string& path) {
  if (!fs::exists(path)) return std::nullopt;
  auto text = checkpoints::read_file(path);
  std::error_code ignored;
  fs::remove(path, ignored);
  return text ? std::optional{*std::move(text)} : std::nullopt;
}

}  // namespace

std::optional<run_order> take_order(const std::string& directory) {
  const auto text = take(order_file(directory));
  if (!text) return std::nullopt;
  for (const auto& [order, word] : words)
    if (*text == word) return order;
  answer_order(directory, "the order '" + *text + "' is not understood");
  return std::nullopt;
}

void forget_orders(const std::string& directory) {
  (void)take(order_file(directory));
  (void)take(answer_file(directory));
}

void answer_order(const std::string& directory, const std::string& text) {
  (void)put(answer_file(directory), text);  // who asked gives up after a while
}

result<std::string> give_order(const std::string& directory, run_order what, duration patience) {
  if (!fs::exists(directory + "/lock"))
    return error{errc::not_found, "'" + directory + "' is no checkpoint directory"};
  if (checkpoints::directory_lock::take(directory))
    return error{errc::not_found, "no run uses the directory '" + directory + "'"};
  (void)take(answer_file(directory));
  for (const auto& [order, word] : words)
    if (order == what)
      if (auto done = put(order_file(directory), word); !done) return done.error();
  const auto until = std::chrono::steady_clock::now() + patience;
  // Another process answers, by a file: there is nothing to wait on but time.
  while (std::chrono::steady_clock::now() < until) {
    if (auto text = take(answer_file(directory))) return *std::move(text);
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
  (void)take(order_file(directory));
  return error{errc::stopped, "the run that uses '" + directory + "' did not answer"};
}

}  // namespace weir
