// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "query.hpp"

/// The queries as loops: one thread, plain containers, nothing of the library but the rows' types
/// and what the tally needs. Events come in the order of their numbers, so nothing waits for a
/// watermark.
namespace nexmark::by_hand {

using loop = void(event_feed from, const setting& s, tally& to);

loop q0, q1, q2, q3, q4, q5, q6, q7, q8, q9, q10, q11, q12, q13, q14, q15, q16, q17, q18, q19, q20,
    q21, q22, q23, cep_q0, cep_q1, cep_q2, cep_q3;

}  // namespace nexmark::by_hand
