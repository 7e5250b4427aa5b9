#pragma once

#include <corps/emulator/generate.hpp>
#include <corps/emulator/impl/text.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corps::emulator {

namespace detail {

/** Random numbers that are the same with every standard library. */
class Random {
public:
    explicit Random(std::uint64_t seed) noexcept : state_(mix64(seed ^ 0x6f7267616e697365ULL)) {}

    std::uint64_t next() noexcept { return mix64(state_++); }
    /** 0 .. bound - 1. */
    std::size_t below(std::size_t bound) noexcept { return static_cast<std::size_t>(next() % bound); }
    /** 0 .. 1. */
    double unit() noexcept { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }
    bool chance(double probability) noexcept { return unit() < probability; }
    /** Roughly normal, mean 0, deviation 1. */
    double normal() noexcept {
        double sum = -6.0;
        for (int i = 0; i < 12; ++i) {
            sum += unit();
        }
        return sum;
    }
    template <class T, std::size_t N>
    const T& pick(const std::array<T, N>& from) noexcept {
        return from[below(N)];
    }

private:
    std::uint64_t state_;
};

/** A piece of a name and how it is written in Latin letters. */
struct NamePiece {
    std::string_view text;
    std::string_view latin;
};

inline constexpr std::array<NamePiece, 48> kSurnames{{
    {"王", "wang"},     {"李", "li"},     {"张", "zhang"},   {"刘", "liu"},   {"陈", "chen"},
    {"杨", "yang"},     {"黄", "huang"},  {"赵", "zhao"},    {"吴", "wu"},    {"周", "zhou"},
    {"徐", "xu"},       {"孙", "sun"},    {"马", "ma"},      {"朱", "zhu"},   {"胡", "hu"},
    {"郭", "guo"},      {"何", "he"},     {"林", "lin"},     {"高", "gao"},   {"罗", "luo"},
    {"郑", "zheng"},    {"梁", "liang"},  {"谢", "xie"},     {"宋", "song"},  {"唐", "tang"},
    {"许", "xu"},       {"韩", "han"},    {"冯", "feng"},    {"邓", "deng"},  {"曹", "cao"},
    {"彭", "peng"},     {"曾", "zeng"},   {"肖", "xiao"},    {"田", "tian"},  {"董", "dong"},
    {"袁", "yuan"},     {"潘", "pan"},    {"于", "yu"},      {"蒋", "jiang"}, {"蔡", "cai"},
    {"余", "yu"},       {"杜", "du"},     {"叶", "ye"},      {"程", "cheng"}, {"苏", "su"},
    {"欧阳", "ouyang"}, {"司马", "sima"}, {"诸葛", "zhuge"},
}};

inline constexpr std::array<NamePiece, 64> kGiven{{
    {"伟", "wei"},   {"芳", "fang"}, {"娜", "na"},   {"敏", "min"},  {"静", "jing"}, {"丽", "li"},
    {"强", "qiang"}, {"磊", "lei"},  {"军", "jun"},  {"洋", "yang"}, {"勇", "yong"}, {"艳", "yan"},
    {"杰", "jie"},   {"娟", "juan"}, {"涛", "tao"},  {"明", "ming"}, {"超", "chao"}, {"秀", "xiu"},
    {"霞", "xia"},   {"平", "ping"}, {"刚", "gang"}, {"桂", "gui"},  {"英", "ying"}, {"华", "hua"},
    {"玉", "yu"},    {"兰", "lan"},  {"建", "jian"}, {"国", "guo"},  {"文", "wen"},  {"辉", "hui"},
    {"宇", "yu"},    {"浩", "hao"},  {"凯", "kai"},  {"轩", "xuan"}, {"子", "zi"},   {"涵", "han"},
    {"欣", "xin"},   {"怡", "yi"},   {"梓", "zi"},   {"萱", "xuan"}, {"雨", "yu"},   {"晨", "chen"},
    {"佳", "jia"},   {"雪", "xue"},  {"思", "si"},   {"嘉", "jia"},  {"俊", "jun"},  {"博", "bo"},
    {"瑞", "rui"},   {"琪", "qi"},   {"琳", "lin"},  {"颖", "ying"}, {"璐", "lu"},   {"鑫", "xin"},
    {"淼", "miao"},  {"喆", "zhe"},  {"珺", "jun"},  {"晓", "xiao"}, {"春", "chun"}, {"梅", "mei"},
    {"志", "zhi"},   {"鹏", "peng"}, {"飞", "fei"},  {"海", "hai"},
}};

inline constexpr std::array<NamePiece, 40> kForeign{{
    {"Emma Thompson", "emma.thompson"},
    {"James O'Brien", "james.obrien"},
    {"Jürgen Müller", "juergen.mueller"},
    {"Zoë Lefèvre", "zoe.lefevre"},
    {"José García", "jose.garcia"},
    {"佐藤 健", "sato.ken"},
    {"鈴木 さくら", "suzuki.sakura"},
    {"김민준", "kim.minjun"},
    {"이서연", "lee.seoyeon"},
    {"Nguyễn Văn An", "nguyen.an"},
    {"Trần Thị Mai", "tran.mai"},
    {"Иван Петров", "ivan.petrov"},
    {"Анна Смирнова", "anna.smirnova"},
    {"محمد علي", "mohammed.ali"},
    {"فاطمة حسن", "fatima.hassan"},
    {"Priya Sharma", "priya.sharma"},
    {"राहुल वर्मा", "rahul.verma"},
    {"Łukasz Kowalski", "lukasz.kowalski"},
    {"Åse Nilsson", "ase.nilsson"},
    {"Søren Kjær", "soren.kjaer"},
    {"François Dupont", "francois.dupont"},
    {"Mary-Jane Watson", "mary-jane.watson"},
    {"Li Wei", "li.wei"},
    {"Robert Smith Jr.", "robert.smith"},
    {"สมชาย ใจดี", "somchai.jaidee"},
    {"Γιώργος Παππάς", "giorgos.pappas"},
    {"阿依古丽·买买提", "ayigul.memet"},
    {"João da Silva", "joao.silva"},
    {"Björk Jónsdóttir", "bjork.jonsdottir"},
    {"Dwayne \"Rock\" Johnson", "dwayne.johnson"},
    {"Siti Nurhaliza", "siti.nurhaliza"},
    {"𠮷野 太郎", "yoshino.taro"},
    {"Marie-Hélène Côté", "mariehelene.cote"},
    {"Đặng Quang", "dang.quang"},
    {"Ana María López", "ana.lopez"},
    {"Tom", "tom"},
    {"Ngô Bảo", "ngo.bao"},
    {"Omar Sy", "omar.sy"},
    {"Ivy 🌿 Chen", "ivy.chen"},
    {"Van der Berg, Pieter", "pieter.vanderberg"},
}};

inline constexpr std::array<std::string_view, 32> kDeptNames{"研发部",
                                                             "产品部",
                                                             "市场部",
                                                             "销售部",
                                                             "财务部",
                                                             "人力资源部",
                                                             "行政部",
                                                             "法务部",
                                                             "客户成功部",
                                                             "运维部",
                                                             "质量部",
                                                             "设计部",
                                                             "华东大区",
                                                             "华南大区",
                                                             "华北大区",
                                                             "海外事业部",
                                                             "数据平台",
                                                             "基础架构",
                                                             "供应链",
                                                             "采购部",
                                                             "Engineering",
                                                             "Sales & Partners",
                                                             "Platform",
                                                             "R&D",
                                                             "Legal",
                                                             "サポート",
                                                             "Security \"Red\" Team",
                                                             "Operations",
                                                             "战略部",
                                                             "内审部",
                                                             "品牌部",
                                                             "培训中心"};

inline constexpr std::array<std::string_view, 24> kTeamNames{
    "一组",   "二组",   "三组",   "四组",     "前端组", "后端组",   "测试组", "算法组",
    "交付组", "支持组", "渠道组", "大客户组", "运营组", "项目组",   "Team A", "Team B",
    "Core",   "Tools",  "夜班",   "白班",     "实验室", "外包管理", "Growth", "Field"};

inline constexpr std::array<std::string_view, 24> kTitles{
    "工程师",   "高级工程师",      "资深工程师", "架构师",     "产品经理",   "项目经理",
    "销售代表", "销售经理",        "会计",       "出纳",       "人事专员",   "行政助理",
    "客服",     "设计师",          "测试工程师", "运维工程师", "数据分析师", "法务",
    "Engineer", "Account manager", "Intern",     "实习生",     "总监",       "顾问"};

inline constexpr std::array<std::string_view, 6> kForeignPhones{"+1415", "+447",  "+8190",
                                                                "+4915", "+6590", "+85290"};

inline std::string numbered(std::string_view prefix, std::uint64_t number, std::size_t digits) {
    std::string text;
    appendNumber(text, number);
    std::string out(prefix);
    out.append(text.size() < digits ? digits - text.size() : 0, '0');
    return out + text;
}

}  // namespace detail

CORPS_DECL Organisation generate(std::size_t members, std::uint64_t seed) {
    using namespace detail;
    constexpr int kDeepest = 12;
    Random random(mix64(seed) ^ static_cast<std::uint64_t>(members));
    Organisation out;
    out.corpId = "corp";
    appendHex(out.corpId, random.next(), 12);
    out.corpName = "示例科技 Example Robotics";

    // Departments: a random tree. The first few stand under the root, and one branch goes down as far as it
    // may.
    const std::size_t perDept = 12 + random.below(9);
    const std::size_t count = members < 2 ? 0 : std::max<std::size_t>(1, members / perDept);
    out.deptList.resize(count + 1);
    out.deptList[0].deptId = "1";
    out.deptList[0].name = out.corpName;
    std::vector<int> depth(count + 1, 0);
    std::vector<std::uint32_t> children(count + 1, 0);
    const std::size_t top = std::min<std::size_t>(count, 3 + random.below(6));
    for (std::size_t i = 1; i <= count; ++i) {
        std::size_t parent = 0;
        if (i > top) {
            if (count >= 40 && i - top < kDeepest) {
                parent = i - top == 1 ? 1 : i - 1;
            } else {
                do {
                    parent = random.below(i);
                } while (depth[parent] >= kDeepest || children[parent] >= 900);
            }
        }
        Dept& dept = out.deptList[i];
        dept.deptId = std::to_string(i + 1);
        dept.parentId = out.deptList[parent].deptId;
        depth[i] = depth[parent] + 1;
        const std::size_t sibling = children[parent]++;
        dept.order = static_cast<std::int64_t>(sibling + 1) * 100;
        // Siblings have names of their own; the same name under different parents is usual.
        if (depth[i] == 1) {
            dept.name = kDeptNames[sibling % kDeptNames.size()];
        } else if (random.chance(0.5)) {
            dept.name = kTeamNames[sibling % kTeamNames.size()];
        } else {
            dept.name = random.pick(kDeptNames);
            dept.name += " ";
            appendNumber(dept.name, sibling + 1);
        }
        if (sibling >= kTeamNames.size()) {
            dept.name += numbered(" #", sibling + 1, 1);
        }
    }

    // How large each department is, in proportion: many small, a few very large, some empty.
    std::vector<std::uint64_t> upTo(count + 1, 0);
    std::uint64_t weights = 0;
    for (std::size_t i = 1; i <= count; ++i) {
        const double weight =
            count > 10 && random.chance(0.04) ? 0.0 : std::min(std::exp(1.1 * random.normal()), 45.0);
        weights += static_cast<std::uint64_t>(weight * 1000.0) + (count <= 10 ? 1U : 0U);
        upTo[i] = weights;
    }
    const auto pickDept = [&]() -> std::size_t {
        if (weights == 0) {
            return count == 0 ? 0 : 1 + random.below(count);
        }
        const std::uint64_t at = random.next() % weights;
        return static_cast<std::size_t>(std::upper_bound(upTo.begin(), upTo.end(), at) - upTo.begin());
    };

    out.userList.resize(members);
    std::vector<std::vector<std::uint32_t>> inDept(count + 1);
    const std::size_t rootMembers = members < 20 ? (members == 0 ? 0 : 1) : 2 + random.below(4);
    for (std::size_t i = 0; i < members; ++i) {
        Member& member = out.userList[i];
        // A product with an odd number visits every 32-bit value once: ids that look made up and never
        // collide.
        appendHex(member.memberId,
                  static_cast<std::uint32_t>(
                      (static_cast<std::uint32_t>(i) + static_cast<std::uint32_t>(seed)) * 2654435761U),
                  8);
        std::string latin;
        if (random.chance(0.86)) {
            const NamePiece& surname =
                kSurnames[std::min(random.below(kSurnames.size()), random.below(kSurnames.size()))];
            const NamePiece& first = random.pick(kGiven);
            member.nick = surname.text;
            member.nick += first.text;
            latin = first.latin;
            if (random.chance(0.6)) {
                const NamePiece& second = random.pick(kGiven);
                member.nick += second.text;
                latin += second.latin;
            }
            latin += '.';
            latin += surname.latin;
        } else {
            const NamePiece& person = random.pick(kForeign);
            member.nick = person.text;
            latin = person.latin;
        }
        // 2654435761 and 7 * 10^9 have no common divisor: every number is given once.
        const std::uint64_t unique =
            (static_cast<std::uint64_t>(i) * 2654435761ULL + seed % 7'000'000'000ULL) % 7'000'000'000ULL;
        const double phone = random.unit();
        if (phone < 0.91) {
            member.phone = numbered("+861", 3'000'000'000ULL + unique, 10);
        } else if (phone < 0.97) {
            member.phone = numbered(random.pick(kForeignPhones), unique % 10'000'000ULL, 7);
        }
        if (!random.chance(0.03)) {
            member.email = latin;
            appendNumber(member.email, i + 1);
            member.email += "@example.com";
        }
        member.jobNumber = numbered("", i + 1, 6);
        member.position = random.pick(kTitles);
        if (random.chance(0.6)) {
            member.photo = "https://cdn.example.com/avatar/" + member.memberId + ".png";
        }
        const double gender = random.unit();
        member.gender = gender < 0.1 ? 0 : gender < 0.55 ? 1 : gender < 0.99 ? 2 : 3;
        if (!random.chance(0.02)) {
            member.hiredDate = numbered("", 2005 + random.below(21), 4) +
                               numbered("-", 1 + random.below(12), 2) +
                               numbered("-", 1 + random.below(28), 2);
        }

        std::array<std::size_t, 3> places{i < rootMembers ? 0 : pickDept(), 0, 0};
        std::size_t placed = 1;
        if (i >= rootMembers && count > 1 && random.chance(0.08)) {
            const std::size_t wanted = random.chance(0.75) || count < 3 ? 2 : 3;
            while (placed < wanted) {
                const std::size_t other = 1 + random.below(count);
                if (std::find(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(placed), other) ==
                    places.begin() + static_cast<std::ptrdiff_t>(placed)) {
                    places[placed++] = other;
                }
            }
        }
        const std::size_t primary = placed == 1 ? 0 : random.below(placed);
        for (std::size_t k = 0; k < placed; ++k) {
            Membership membership;
            membership.deptId = out.deptList[places[k]].deptId;
            // Platforms keep positive weights, larger first; here smaller comes first.
            membership.order = -static_cast<std::int64_t>(random.below(1000)) * 10;
            membership.isPrimary = k == primary;
            member.departments.push_back(std::move(membership));
            inDept[places[k]].push_back(static_cast<std::uint32_t>(i));
        }
    }

    if (members > 0) {
        out.deptList[0].leaderIds.push_back(out.userList[0].memberId);
    }
    const auto membershipOf = [&](std::uint32_t member, std::size_t dept) -> Membership& {
        auto& places = out.userList[member].departments;
        return *std::find_if(places.begin(), places.end(),
                             [&](const Membership& m) { return m.deptId == out.deptList[dept].deptId; });
    };
    for (std::size_t i = 1; i <= count; ++i) {
        const auto& people = inDept[i];
        if (random.chance(0.03)) {  // led from outside
            out.deptList[i].leaderIds.push_back(out.userList[random.below(members)].memberId);
        } else if (!people.empty() && !random.chance(0.08)) {
            out.deptList[i].leaderIds.push_back(out.userList[people.front()].memberId);
            membershipOf(people.front(), i).isLeader = true;
        }
        if (people.size() > 6 && random.chance(0.3)) {
            membershipOf(people[1], i).isLeader = true;
        }
    }

    if (members > 0) {
        static constexpr std::array<std::pair<std::string_view, int>, 6> kRoles{
            {{"财务审批", 0}, {"IT", 0}, {"HRBP", 0}, {"安全员", 1}, {"Fire warden", 1}, {"印章管理", 1}}};
        out.roleGroupList = {{"g1", "职能"}, {"g2", "Duties"}};
        for (std::size_t i = 0; i < kRoles.size(); ++i) {
            const Role role{numbered("r", i + 1, 1), kRoles[i].second == 0 ? "g1" : "g2",
                            std::string(kRoles[i].first)};
            const std::size_t holders =
                std::min(members, std::min<std::size_t>(900, 1 + random.below(2 + members / 40)));
            const std::size_t start = random.below(members);
            const std::size_t step = std::max<std::size_t>(1, members / holders);
            for (std::size_t k = 0; k < holders; ++k) {
                out.roleMemberSet.push_back(
                    {role.roleId, out.userList[(start + k * step) % members].memberId});
            }
            out.roleList.push_back(role);
        }
        const std::size_t admins = std::min<std::size_t>(members, 1 + random.below(3));
        for (std::size_t i = 0; i < admins; ++i) {
            out.adminIds.push_back(out.userList[i].memberId);
        }
    }
    return out;
}

}  // namespace corps::emulator
