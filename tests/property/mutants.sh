#!/bin/sh
# Breaks copies of the sync engine on purpose, one way at a time, and expects the random histories to notice each.
#   sh tests/property/mutants.sh [number of the mutant]...      CXX, CXXFLAGS, CORPS_HISTORIES as usual
# Builds under build/mutants; takes about a minute for each.
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
work="$here/build/mutants"
cxx=${CXX:-g++}
flags=${CXXFLAGS:--O1}
histories=${CORPS_HISTORIES:-400}

# files, from include/corps/sync/impl/, and what to change in each of them
mutant() {
    case $1 in
        1) name="a list that ended early counts as read to its end"
           file=findings.ipp
           change='s/found\.state = damaged ? ListingState::incomplete : state;/found.state = ListingState::complete;/' ;;
        2) name="entries of disputed values are kept"
           file="planner_changes.ipp planner_next.ipp"
           change='/Planner::dispute(/,/^}/s/forget_\.insert(.*$/;/; s/if (fresh || found\.prints\[at->second\] == found\.prints\[i\]) continue;/continue;/' ;;
        3) name="no limit holds anything"
           file=planner_holds.ipp
           change='/^inline bool overLimit(/,/^}/s/return true;/return false;/' ;;
        4) name="who left a department that is gone is not looked at"
           file=planner_members.ipp
           change='s/departed || listing\.kind == ListingKind::visibleMembers/listing.kind == ListingKind::visibleMembers/' ;;
        5) name="a change made here leaves the fingerprints as they are"
           file=change_writer.ipp
           change='s/    s\.forgetTouched();//' ;;
        6) name="who returns gets another user"
           file=planner_changes.ipp
           change='s/std::string userId = std::move(found\.userId);/std::string userId;/; s/stored\[c_\.member\.userId\]\.bytes()\.empty()) {/returns) {/' ;;
        7) name="what was not sent is emptied"
           file=findings.ipp
           change='s/^    return packRow(out);$/    for (std::size_t i = t.keyColumns; i < out.size(); ++i) if (out[i].isNull() \&\& t.columns[i].owner == Owner::upstream \&\& t.columns[i].type == ColumnType::text) out[i] = Cell::text("");\n    return packRow(out);/' ;;
        8) name="a list of a subtree that ended early shows every department below whole"
           file=planner_stored.ipp
           change='/Planner::coverDepartments(/,/^}/{s/listing\.kind == ListingKind::subtreeMembers \&\& found\.finished \&\&/listing.kind == ListingKind::subtreeMembers)/; s/^ *found\.state == ListingState::complete)$//;}' ;;
        9) name="an entry of a list of a subtree is kept though its unit names other departments than are stored"
           file=planner_changes.ipp
           change='s/!(it->second\.belowSum == sum)) forgetBelow_\.insert(member);/false) forgetBelow_.insert(member);/' ;;
        10) name="what details say makes somebody present"
           file=findings.ipp
           change='s/if (current_ == nullptr || current_->kind != ListingKind::memberDetails) member\.listed = true;/member.listed = true;/; s/addDistinct(detail ? member\.detailDepts : member\.depts,/addDistinct(member.depts,/' ;;
        *) return 1 ;;
    esac
}

try() {
    mutant "$1" || { echo "no mutant $1"; exit 2; }
    dir="$work/$1"
    rm -rf "$dir"
    mkdir -p "$dir"
    cp -R "$here/include" "$dir/include"
    for f in $file; do
        target="$dir/include/corps/sync/impl/$f"
        sed "$change" "$target" > "$target.new"
        if cmp -s "$target" "$target.new"; then
            echo "mutant $1: the code to break is not there any more: $f"
            return 1
        fi
        mv "$target.new" "$target"
    done
    # shellcheck disable=SC2086 # flags are words
    $cxx -std=c++20 $flags -w -I"$dir/include" -I"$here/tests" "$here/tests/property/sync_histories.cpp" -o "$dir/test" \
        -lCatch2Main -lCatch2 -lboost_json -lpthread
    if CORPS_HISTORIES="$histories" "$dir/test" > "$dir/log" 2>&1; then
        echo "mutant $1 lives: $name"
        return 1
    fi
    echo "mutant $1 caught: $name"
    grep -A1 'explicitly with message' "$dir/log" | tail -n 1 || true
}

[ $# -gt 0 ] || set -- 1 2 3 4 5 6 7 8 9 10
failed=0
for n in "$@"; do
    try "$n" || failed=1
done
exit $failed
