#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

// A server that does to its clients exactly what a test says, byte by byte, and certificates made for the
// occasion.
namespace support {

template <auto Free>
struct FreeBy {
    template <class T>
    void operator()(T* p) const noexcept {
        Free(p);
    }
};
using Key = std::unique_ptr<EVP_PKEY, FreeBy<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, FreeBy<X509_free>>;

inline void require(bool fine, char const* what) {
    if (!fine) throw std::runtime_error(what);
}

struct CertificateOptions {
    std::string subject = "corps test server";
    std::string names = "DNS:localhost";  ///< as in openssl's subjectAltName
    long from = -3600;                    ///< seconds from now
    long until = 3600;
};

/** A certificate with its key, both as PEM. */
class TlsIdentity {
public:
    TlsIdentity(Certificate c, Key k) : certificate(std::move(c)), key(std::move(k)) {}
    [[nodiscard]] std::string certificatePem() const {
        return pem([this](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); });
    }
    [[nodiscard]] std::string keyPem() const {
        return pem([this](BIO* bio) {
            return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
        });
    }

    Certificate certificate;
    Key key;

private:
    template <class Write>
    static std::string pem(Write write) {
        std::unique_ptr<BIO, FreeBy<BIO_free_all>> const bio(BIO_new(BIO_s_mem()));
        require(bio && write(bio.get()) == 1, "PEM");
        char* data = nullptr;
        long const size = BIO_get_mem_data(bio.get(), &data);
        return std::string(data, static_cast<std::size_t>(size));
    }
};

/** Signed by `issuer`; by itself, as an authority, without one. */
inline TlsIdentity makeIdentity(TlsIdentity const* issuer,
                                CertificateOptions const& options = CertificateOptions()) {
    Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
    Certificate cert(X509_new());
    require(key && cert, "key");
    static std::atomic<long> serial = 1;
    X509_set_version(cert.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert.get()), serial++);
    X509_gmtime_adj(X509_getm_notBefore(cert.get()), options.from);
    X509_gmtime_adj(X509_getm_notAfter(cert.get()), options.until);
    X509_set_pubkey(cert.get(), key.get());
    X509_NAME* const name = X509_get_subject_name(cert.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<unsigned char const*>(options.subject.c_str()), -1, -1, 0);
    X509_set_issuer_name(cert.get(),
                         issuer != nullptr ? X509_get_subject_name(issuer->certificate.get()) : name);
    auto const extend = [&](int nid, std::string const& value) {
        X509V3_CTX context;
        X509V3_set_ctx(&context, issuer != nullptr ? issuer->certificate.get() : cert.get(), cert.get(),
                       nullptr, nullptr, 0);
        std::unique_ptr<X509_EXTENSION, FreeBy<X509_EXTENSION_free>> const extension(
            X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
        require(extension && X509_add_ext(cert.get(), extension.get(), -1) == 1, "extension");
    };
    if (issuer == nullptr) {
        extend(NID_basic_constraints, "critical,CA:TRUE");
        extend(NID_key_usage, "critical,keyCertSign");
    } else {
        extend(NID_subject_alt_name, options.names);
        extend(NID_ext_key_usage, "serverAuth");
    }
    require(X509_sign(cert.get(), issuer != nullptr ? issuer->key.get() : key.get(), EVP_sha256()) > 0,
            "signature");
    return TlsIdentity(std::move(cert), std::move(key));
}

inline TlsIdentity makeAuthority(std::string subject = "corps test authority") {
    CertificateOptions options;
    options.subject = std::move(subject);
    return makeIdentity(nullptr, options);
}

/** A file of its own that goes with this object. */
class TextFile {
public:
    explicit TextFile(std::string const& text) {
        std::string name = (std::filesystem::temp_directory_path() / "corps-test-XXXXXX").string();
        int const fd = ::mkstemp(name.data());
        require(fd >= 0, "temporary file");
        path_ = name;
        require(::write(fd, text.data(), text.size()) == static_cast<::ssize_t>(text.size()),
                "temporary file");
        ::close(fd);
    }
    TextFile(TextFile const&) = delete;
    TextFile& operator=(TextFile const&) = delete;
    ~TextFile() {
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
    }
    [[nodiscard]] std::string const& path() const noexcept { return path_; }

private:
    std::string path_;
};

/** A gate that a test opens; waiting at it is limited, so that a broken test ends. */
class Gate {
public:
    void open() {
        std::lock_guard const lock(mutex_);
        open_ = true;
        changed_.notify_all();
    }
    bool wait() {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(20), [this] { return open_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool open_ = false;
};

class TlsServer {
    using Tcp = boost::asio::ip::tcp;
    using ErrorCode = boost::system::error_code;

public:
    /** One accepted connection, as seen by a script. Reads and writes block; failures of the network end them
     * quietly. */
    class Peer {
    public:
        Peer(Tcp::socket socket, boost::asio::ssl::context* tls, int n)
            : number(n), socket_(std::move(socket)) {
            socket_.set_option(Tcp::no_delay(true));
            if (tls != nullptr) tls_.emplace(socket_, *tls);
        }
        /** True for plain connections, too. */
        bool handshake() {
            ErrorCode ec;
            if (tls_) tls_->handshake(boost::asio::ssl::stream_base::server, ec);
            return !ec;
        }
        /** The next request, head and body; none when the client has gone. */
        std::optional<std::string> request() {
            for (;;) {
                std::size_t const head = received_.find("\r\n\r\n");
                if (head != std::string::npos) {
                    std::size_t length = 0;
                    std::size_t const at = received_.find("Content-Length: ");
                    if (at < head) length = static_cast<std::size_t>(std::stoul(received_.substr(at + 16)));
                    if (received_.size() >= head + 4 + length) {
                        std::string out = received_.substr(0, head + 4 + length);
                        received_.erase(0, out.size());
                        return out;
                    }
                }
                if (!readSome()) return std::nullopt;
            }
        }
        void send(std::string_view bytes) {
            ErrorCode ec;
            if (tls_)
                boost::asio::write(*tls_, boost::asio::buffer(bytes), ec);
            else
                boost::asio::write(socket_, boost::asio::buffer(bytes), ec);
        }
        /** Two TLS records that arrive as one. */
        void sendTogether(std::string_view first, std::string_view second) {
            int const on = 1;
            int const off = 0;
            ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_CORK, &on, sizeof on);
            send(first);
            send(second);
            ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_CORK, &off, sizeof off);
        }
        /** Says properly that nothing more will come; back when the client has closed, too. */
        void closeNotify() {
            ErrorCode ec;
            if (tls_)
                tls_->shutdown(ec);
            else
                socket_.shutdown(Tcp::socket::shutdown_send, ec);
        }
        void close() {
            std::lock_guard const lock(mutex_);
            ErrorCode ec;
            socket_.close(ec);
        }
        void reset() {
            ErrorCode ec;
            socket_.set_option(boost::asio::socket_base::linger(true, 0), ec);
            close();
        }
        /** Waits until the client closes. */
        void waitForEnd() {
            while (readSome()) {
            }
        }
        /** From another thread: ends what blocks. */
        void interrupt() {
            std::lock_guard const lock(mutex_);
            if (socket_.is_open()) ::shutdown(socket_.native_handle(), SHUT_RDWR);
        }
        [[nodiscard]] bool resumed() { return tls_ && SSL_session_reused(tls_->native_handle()) == 1; }

        int const number;  ///< of the connection, from 0

    private:
        bool readSome() {
            char chunk[4096];
            ErrorCode ec;
            std::size_t const n = tls_ ? tls_->read_some(boost::asio::buffer(chunk), ec)
                                       : socket_.read_some(boost::asio::buffer(chunk), ec);
            received_.append(chunk, n);
            return n > 0;
        }
        std::mutex mutex_;
        Tcp::socket socket_;
        std::optional<boost::asio::ssl::stream<Tcp::socket&>> tls_;
        std::string received_;
    };
    using Script = std::function<void(Peer&)>;

    /** Plain HTTP. */
    explicit TlsServer(Script script, std::string const& address = "127.0.0.1") : script_(std::move(script)) {
        start(address);
    }
    /** @param highestVersion 0, or for example TLS1_1_VERSION */
    TlsServer(TlsIdentity const& identity, Script script, int highestVersion = 0)
        : script_(std::move(script)) {
        tls_.emplace(boost::asio::ssl::context::tls_server);
        std::string const certificate = identity.certificatePem();
        std::string const key = identity.keyPem();
        tls_->use_certificate_chain(boost::asio::buffer(certificate));
        tls_->use_private_key(boost::asio::buffer(key), boost::asio::ssl::context::pem);
        static constexpr unsigned char kId[] = "corps";
        SSL_CTX_set_session_id_context(tls_->native_handle(), kId, sizeof kId - 1);
        if (highestVersion != 0) {
            // What old servers do is no longer done by default.
            SSL_CTX_set_cipher_list(tls_->native_handle(), "DEFAULT@SECLEVEL=0");
            SSL_CTX_set_min_proto_version(tls_->native_handle(), TLS1_VERSION);
            SSL_CTX_set_max_proto_version(tls_->native_handle(), highestVersion);
        }
        start("127.0.0.1");
    }
    TlsServer(TlsServer const&) = delete;
    TlsServer& operator=(TlsServer const&) = delete;
    ~TlsServer() {
        ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
        acceptLoop_.join();
        {
            std::lock_guard const lock(mutex_);
            for (auto& peer : peers_) peer->interrupt();
        }
        for (auto& thread : threads_) thread.join();
    }

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::string url(std::string const& path = "/",
                                  std::string const& host = "localhost") const {
        return std::string(tls_ ? "https://" : "http://") + host + ':' + std::to_string(port_) + path;
    }
    [[nodiscard]] int accepted() const { return accepted_; }
    /** The highest number of connections that were open at once. */
    [[nodiscard]] int mostOpen() const { return mostOpen_; }
    [[nodiscard]] int resumed() const { return resumed_; }

    static std::string ok(std::string_view body, std::string_view headers = "") {
        return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
               std::string(headers) + "\r\n" + std::string(body);
    }
    /** Answers every request with its own target, on as many requests as come. */
    static void echo(Peer& peer) {
        while (auto const q = peer.request()) {
            std::size_t const begin = q->find(' ') + 1;
            peer.send(ok(std::string_view(*q).substr(begin, q->find(' ', begin) - begin)));
        }
    }

private:
    void start(std::string const& address) {
        Tcp::endpoint const endpoint(boost::asio::ip::make_address(address), 0);
        acceptor_.open(endpoint.protocol());
        acceptor_.bind(endpoint);
        acceptor_.listen();
        port_ = acceptor_.local_endpoint().port();
        acceptLoop_ = std::thread([this] { acceptAll(); });
    }
    void acceptAll() {
        for (;;) {
            ErrorCode ec;
            Tcp::socket socket(io_);
            acceptor_.accept(socket, ec);
            if (ec) return;
            int const number = accepted_++;
            std::lock_guard const lock(mutex_);
            auto& peer = *peers_.emplace_back(
                std::make_unique<Peer>(std::move(socket), tls_ ? &*tls_ : nullptr, number));
            threads_.emplace_back([this, &peer] { serve(peer); });
        }
    }
    void serve(Peer& peer) {
        int const open = ++open_;
        for (int most = mostOpen_; most < open && !mostOpen_.compare_exchange_weak(most, open);) {
        }
        if (peer.handshake()) {
            if (peer.resumed()) ++resumed_;
            script_(peer);
        }
        --open_;
        peer.close();
    }

    Script script_;
    std::optional<boost::asio::ssl::context> tls_;
    boost::asio::io_context io_;
    Tcp::acceptor acceptor_{io_};
    std::uint16_t port_ = 0;
    std::mutex mutex_;
    std::list<std::unique_ptr<Peer>> peers_;
    std::list<std::thread> threads_;
    std::atomic<int> accepted_ = 0;
    std::atomic<int> open_ = 0;
    std::atomic<int> mostOpen_ = 0;
    std::atomic<int> resumed_ = 0;
    std::thread acceptLoop_;
};

}  // namespace support
