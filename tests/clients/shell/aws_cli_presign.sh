#!/usr/bin/env bash
# aws-cli's presigned URLs, walked by an HTTP client that knows nothing of S3: by version 2 of the signature, which is its
# default here, and by version 4.
#
# Given: AWS, the program; PYTHON, for its HTTP client; ROOM, a folder; STRATUM_ENDPOINT; credentials.
set -euo pipefail
cd "$ROOM"
aws() { "$AWS" --endpoint-url "$STRATUM_ENDPOINT" "$@"; }
ok() { echo "ok      $*"; }
fail() { echo "FAILED  $*" >&2; exit 1; }

# The status of a plain GET; the body goes to the file answer.
walk() {
    "$PYTHON" - "$1" <<'PYTHON'
import sys, urllib.error, urllib.request
try:
    answer = urllib.request.urlopen(sys.argv[1])
except urllib.error.HTTPError as error:
    answer = error
open("answer", "wb").write(answer.read())
print(answer.status)
PYTHON
}

aws s3 mb s3://signed
for key in "plain" "a b+c%d" "ünïcödé/日本語" "q?u=e&r#y"; do
    echo "the bytes of $key" > sent
    aws s3 cp --no-progress sent "s3://signed/$key"
    for version in s3v4 default; do
        if [[ $version == default ]]; then
            rm -f config
        else
            printf '[default]\ns3 =\n  signature_version = %s\n' "$version" > config
        fi
        url=$(AWS_CONFIG_FILE=config aws s3 presign --expires-in 120 "s3://signed/$key")
        case $version in
            s3v4) [[ $url == *X-Amz-Signature=* ]] || fail "not signed by version 4: $url" ;;
            default) [[ $url == *AWSAccessKeyId=*Signature=*Expires=* ]] || fail "not signed by version 2: $url" ;;
        esac
        status=$(walk "$url")
        [[ $status == 200 ]] || fail "$status: $url: $(cat answer)"
        cmp sent answer
        [[ $(walk "${url/signed/another}") == 403 ]] || fail "a URL that was changed works: $url"
        [[ $(walk "${url/Expires=/Expires=1}") == 40[03] ]] || fail "a time that was changed is taken: $url"
        ok "$key is read by $version"
    done
done
aws s3 rb --force s3://signed
