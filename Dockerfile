# SPDX-License-Identifier: GPL-2.0-only
# The machine that .ci/run expects: bare Debian 12 with this repository.
FROM debian:12
COPY . /pdns-tld
WORKDIR /pdns-tld
RUN apt-get update && scripts/install-packages && scripts/build release tldbackend tldctl tld-hsmd
CMD ["./quickstart"]
