#pragma once

#include <corps/crypto/digest.hpp>
#include <corps/emulator/impl/cipher.hpp>
#include <corps/emulator/impl/fields.hpp>
#include <corps/emulator/impl/wecom_impl.ipp>

#include <algorithm>

/** @file Exports: jobs whose results are encrypted files [94849, 94851, 94852, 94853, 94854]. */
namespace corps::emulator {

/** Takes a job in. @param list The name of the list in the files, @param before members beside it. */
CORPS_DECL HttpReply detail::WeComPlatform::submitExport(const Call& call, std::string_view before,
                                                         std::string_view list,
                                                         const std::vector<std::string>& rows,
                                                         std::string_view after) {
    constexpr std::int64_t kLeast = 10'000;
    constexpr std::int64_t kMost = 1'000'000;
    constexpr std::size_t kKept = 5;
    const std::string text = call.in.text("encoding_aeskey");
    if (text.empty()) {
        return failure(call, 40063);
    }
    const auto key = text.size() == 43 ? detail::base64Decode(text + "=") : std::nullopt;
    std::int64_t size = kMost;
    if (!key || call.in.number("block_size", size) == Found::bad || size < kLeast || size > kMost) {
        return failure(40058);
    }
    ExportJob job;
    job.key = call.token->key;
    for (std::size_t begin = 0; begin == 0 || begin < rows.size(); begin += static_cast<std::size_t>(size)) {
        std::string body = "{";
        body += before;
        body += body.size() == 1 ? "\"" : ",\"";
        body += list;
        body += "\":[";
        const std::size_t end = std::min(rows.size(), begin + static_cast<std::size_t>(size));
        for (std::size_t i = begin; i < end; ++i) {
            body += i == begin ? "" : ",";
            body += rows[i];
        }
        body += ']';
        body += after;
        std::string file = detail::encryptExport(*key, body + "}");
        job.files.push_back(options_.behaviour.exportBase64 ? detail::base64Encode(file) : std::move(file));
        job.fileIds.push_back(makeToken("", 40));
    }
    job.id = makeToken("", 48);
    jobs_.push_back(std::move(job));
    // Of older ones only the number is remembered.
    for (std::size_t i = 0; i + kKept < jobs_.size(); ++i) {
        jobs_[i].files.clear();
        jobs_[i].fileIds.clear();
    }
    exportSubmitted(*call.token, jobs_.back());
    std::string out;
    detail::appendText(out, "jobid", jobs_.back().id);
    return succeed(call, out);
}

/** Whoever may be seen, each once. */
CORPS_DECL std::vector<detail::WeComPlatform::Index> detail::WeComPlatform::everybody(
    const Call& call) const {
    std::vector<Index> out;
    for (Index member = 0; member < corp_->directory->organisation().userList.size(); ++member) {
        if (visible(call, member) && (options_.behaviour.exportNamed || !places(call, member).empty())) {
            out.push_back(member);
        }
    }
    return out;
}

CORPS_DECL HttpReply detail::WeComPlatform::exportSimpleUsers(const Call& call) {
    std::vector<std::string> rows;
    for (const Index member : everybody(call)) {
        appendSimpleUser(rows.emplace_back(), call, member);
    }
    return submitExport(call, "", "userlist", rows);
}

CORPS_DECL HttpReply detail::WeComPlatform::exportUsers(const Call& call) {
    std::vector<std::string> rows;
    for (const Index member : everybody(call)) {
        std::string& row = rows.emplace_back("{");
        appendUser(row, call, member, true);
        row += '}';
    }
    return submitExport(call, "", "userlist", rows);
}

CORPS_DECL HttpReply detail::WeComPlatform::exportDepartments(const Call& call) {
    std::vector<std::string> rows;
    for (const Index dept : corp_->directory->preorder()) {
        if (call.range->dept(dept)) {
            std::string& row = rows.emplace_back("{");
            appendDeptBase(row, call, dept, true);
            row += '}';
        }
    }
    return submitExport(call, "", "department", rows);
}

CORPS_DECL HttpReply detail::WeComPlatform::exportTagUsers(const Call& call) {
    const Tag* tag = nullptr;
    if (auto refused = requireTag(call, tag)) {
        return std::move(*refused);
    }
    std::vector<std::string> rows;
    for (const Index member : tagMembers(call, *tag)) {
        appendTagUser(rows.emplace_back(), call, member);
    }
    std::string name = "{";
    detail::appendText(name, "tagname", tag->role->name);
    std::string depts = ",\"partylist\":";
    appendIds(depts, tagDepts(call, *tag));
    return submitExport(call, std::string_view(name).substr(1), "userlist", rows, depts);
}

CORPS_DECL HttpReply detail::WeComPlatform::exportResult(const Call& call) {
    const WeComBehaviour& b = options_.behaviour;
    const std::string id = call.in.text("jobid");
    const auto job = std::find_if(jobs_.begin(), jobs_.end(), [&](const ExportJob& each) {
        return each.id == id && each.key == call.token->key;
    });
    if (job == jobs_.end()) {
        return failure(40088);
    }
    if (job->files.empty()) {
        return failure(40089);
    }
    std::string out;
    if (job->polls < b.exportPolls) {
        detail::appendInteger(out, "status", job->polls++ == 0 ? 0 : 1);
        return succeed(call, out);
    }
    if (b.exportFails) {
        detail::appendInteger(out, "status", 3);
        return succeed(call, out);
    }
    job->expiresMs = core_.nowMs() + 7'200'000;
    detail::appendInteger(out, "status", 2);
    out += ",\"data_list\":[";
    for (std::size_t i = 0; i < job->files.size(); ++i) {
        out += i == 0 ? "{" : ",{";
        detail::appendText(out, "url", core_.baseUrl() + std::string(kFilePath) + job->fileIds[i]);
        detail::appendInteger(out, "size", static_cast<std::int64_t>(job->files[i].size()));
        detail::appendText(out, "md5", toHex(md5(job->files[i])));
        out += '}';
    }
    return succeed(call, out + "]");
}

/** A file, or the range of it that is asked for. */
CORPS_DECL HttpReply detail::WeComPlatform::exportFile(const Call& call) {
    const std::string_view id = std::string_view(call.request.path).substr(kFilePath.size());
    HttpReply out;
    out.contentType = "application/octet-stream";
    for (const ExportJob& job : jobs_) {
        const auto found = std::find(job.fileIds.begin(), job.fileIds.end(), id);
        if (found == job.fileIds.end() || job.expiresMs <= core_.nowMs()) {
            continue;
        }
        const std::string& file = job.files[static_cast<std::size_t>(found - job.fileIds.begin())];
        out.headers.emplace_back("Accept-Ranges", "bytes");
        std::string_view range = call.request.header("Range");
        const auto dash = range.find('-');
        if (!range.starts_with("bytes=") || dash == std::string_view::npos) {
            out.body = file;
            return out;
        }
        const auto first = detail::parseNumber<std::size_t>(range.substr(6, dash - 6));
        const auto last = detail::parseNumber<std::size_t>(range.substr(dash + 1));
        const std::size_t end = std::min(last.value_or(file.size()), file.size() - 1);
        if (!first || *first > end) {
            out.status = 416;
            return out;
        }
        out.status = 206;
        out.headers.emplace_back("Content-Range", "bytes " + std::to_string(*first) + "-" +
                                                      std::to_string(end) + "/" +
                                                      std::to_string(file.size()));
        out.body = file.substr(*first, end - *first + 1);
        return out;
    }
    out.status = 403;
    return out;
}

}  // namespace corps::emulator
