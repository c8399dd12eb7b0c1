#include "cli/version.h"

#include <boost/version.hpp>
#include <openssl/crypto.h>
#include <pcap/pcap.h>
#include <srtp2/srtp.h>

namespace parley::cli {

std::string version_text() {
  std::string text = "parley " PARLEY_VERSION "\n";
  text += OpenSSL_version(OPENSSL_VERSION);
  text += '\n';
  text += srtp_get_version_string();
  text += '\n';
  text += pcap_lib_version();
  text += "\nBoost ";
  text += std::to_string(BOOST_VERSION / 100000) + "." +
          std::to_string(BOOST_VERSION / 100 % 1000) + "." + std::to_string(BOOST_VERSION % 100);
  return text + "\n";
}

}  // namespace parley::cli
