// Our message cryptography on a pipe, for what nobody here wrote to be held against it. A line in, a line
// out:
//     encrypt TOKEN KEY TIMESTAMP NONCE ID TEXT         ENCRYPTED SIGNATURE
//     decrypt TOKEN KEY TIMESTAMP NONCE SIGNATURE ENCRYPTED    ID TEXT, or "refused"
// ID and TEXT in hex, with an "x" before them.
#include <corps/callback/message_crypt.hpp>
#include <corps/crypto/digest.hpp>

#include <iostream>
#include <sstream>
#include <string>

namespace {

std::string fromHex(std::string const& hex) {
    std::string out;
    for (std::size_t i = 1; i + 1 < hex.size(); i += 2)
        out += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    return out;
}

}  // namespace

int main() {
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream in(line);
        std::string command, token, key, timestamp, nonce, a, b;
        in >> command >> token >> key >> timestamp >> nonce >> a >> b;
        corps::MessageCrypt const crypt{corps::Secret(token), corps::Secret(key)};
        if (command == "encrypt") {
            std::string const encrypted = crypt.encrypt(fromHex(b), fromHex(a));
            std::cout << encrypted << ' ' << crypt.signature(timestamp, nonce, encrypted) << std::endl;
        } else if (auto const message = crypt.open(a, timestamp, nonce, b)) {
            std::cout << 'x' << corps::toHex(message->receiveId) << " x" << corps::toHex(message->text)
                      << std::endl;
        } else {
            std::cout << "refused" << std::endl;
        }
    }
}
