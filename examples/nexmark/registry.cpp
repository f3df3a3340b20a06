// SPDX-License-Identifier: BSD-3-Clause
#include "baselines/baselines.hpp"
#include "queries/queries.hpp"

#include <algorithm>
#include <array>

namespace nexmark {

namespace {

constexpr std::array list{
    query{"q0", "all bids as they are", q0, by_hand::q0},
    query{"q1", "bids in euros", q1, by_hand::q1},
    query{"q2", "bids on some auctions", q2, by_hand::q2},
    query{"q3", "auctions of a category by sellers of some states", q3, by_hand::q3},
    query{"q4", "average winning price of each category", q4, by_hand::q4},
    query{"q5", "auctions with the most bids of ten seconds", q5, by_hand::q5},
    query{"q6", "average of the last winning prices of a seller", q6, by_hand::q6},
    query{"q7", "highest bids of ten seconds", q7, by_hand::q7},
    query{"q8", "persons who opened an auction at once", q8, by_hand::q8},
    query{"q9", "the winning bid of each auction", q9, by_hand::q9},
    query{"q10", "bids in files by day and minute", q10, by_hand::q10},
    query{"q11", "bids of a bidder without a pause", q11, by_hand::q11},
    query{"q12", "bids of a bidder in ten seconds of the clock", q12, by_hand::q12},
    query{"q13", "bids with rows of a small table", q13, by_hand::q13},
    query{"q14", "bids of a price range by time of day", q14, by_hand::q14},
    query{"q15", "totals of a day", q15, by_hand::q15},
    query{"q16", "totals of a channel and day", q16, by_hand::q16},
    query{"q17", "prices of an auction and day", q17, by_hand::q17},
    query{"q18", "last bid of each bidder on each auction", q18, by_hand::q18},
    query{"q19", "ten highest bids on each auction", q19, by_hand::q19},
    query{"q20", "bids with their auction, of one category", q20, by_hand::q20},
    query{"q21", "bids with their channel's number", q21, by_hand::q21},
    query{"q22", "bids with the directories of their url", q22, by_hand::q22},
    query{"q23", "bids of persons who sell", q23, by_hand::q23},
    query{"cep-q0", "prices that fell and rose again", cep_q0, by_hand::cep_q0},
    query{"cep-q1", "bids whose average stays low", cep_q1, by_hand::cep_q1},
    query{"cep-q2", "the same, from each bid on", cep_q2, by_hand::cep_q2},
    query{"cep-q3", "large drops of price", cep_q3, by_hand::cep_q3},
};

}  // namespace

std::span<const query> all_queries() { return list; }

const query* find_query(std::string_view name) {
  const auto at =
      std::find_if(list.begin(), list.end(), [&](const query& q) { return q.name == name; });
  return at == list.end() ? nullptr : &*at;
}

}  // namespace nexmark
