#include <corps/error/error.hpp>
#include <corps/error/impl/errc.ipp>
#include <corps/error/impl/error.ipp>
