#!/usr/bin/env bash
# aws-cli on single files: there and back, from bucket to bucket, as a stream, listed and removed.
#
# Given: AWS, the program; ROOM, a folder with the files small, middle and large; STRATUM_ENDPOINT; credentials.
set -euo pipefail
cd "$ROOM"
aws() { "$AWS" --endpoint-url "$STRATUM_ENDPOINT" "$@"; }
ok() { echo "ok      $*"; }
fail() { echo "FAILED  $*" >&2; exit 1; }

"$AWS" --version
aws s3 mb s3://files
aws s3 mb s3://others
[[ $(aws s3 ls | awk '{print $3}' | xargs) == "files others" ]] || fail "the buckets are not listed"
ok "buckets are made and listed"

for name in small middle large; do
    aws s3 cp --no-progress "$name" "s3://files/$name"
    aws s3 cp --no-progress "s3://files/$name" "$name.back"
    cmp "$name" "$name.back"
    [[ $(aws s3 ls "s3://files/$name" | awk '{print $3}') == $(stat -c %s "$name") ]] || fail "$name has another size"
    rm "$name.back"
    ok "$name goes there and back"
done

aws s3 cp --no-progress s3://files/middle "s3://others/a copy + %"
aws s3 cp --no-progress "s3://others/a copy + %" middle.copied
cmp middle middle.copied
ok "middle is copied from bucket to bucket"

aws s3 cp - s3://files/stream < middle
aws s3 cp s3://files/stream - | cmp - middle
ok "a stream goes there and back"

aws s3 mv --no-progress s3://files/stream s3://others/moved
aws s3 cp --no-progress s3://others/moved - | cmp - middle
if aws s3 ls s3://files/stream; then fail "what was moved is still there"; fi
ok "an object is moved"

aws s3 cp --no-progress --metadata colour=blue --content-type text/x-small --storage-class STANDARD small s3://files/known
[[ $(aws s3api head-object --bucket files --key known --query '[ContentType,Metadata.colour]' --output text) \
    == "$(printf 'text/x-small\tblue')" ]] || fail "metadata is lost"
ok "metadata is kept"

for algorithm in CRC32 SHA1 SHA256; do
    aws s3 cp --no-progress --checksum-algorithm "$algorithm" middle "s3://files/$algorithm"
    aws s3 cp --no-progress --checksum-mode ENABLED "s3://files/$algorithm" middle.back
    cmp middle middle.back
    aws s3api head-object --checksum-mode ENABLED --bucket files --key "$algorithm" --output text \
        --query "Checksum$algorithm" | grep -qv None || fail "$algorithm is not kept"
done
ok "checksums are kept"

[[ $(aws s3 ls --recursive --summarize s3://files | grep -c 'Total Objects: 7') == 1 ]] || fail "the sum is wrong"
if aws s3 rb s3://files 2> refused; then fail "a bucket that is not empty is removed"; fi
grep -q BucketNotEmpty refused
aws s3 rm s3://files/small
aws s3 rm --recursive s3://files
[[ -z $(aws s3 ls s3://files) ]] || fail "something is left"
aws s3 rb s3://files
aws s3 rb --force s3://others
[[ -z $(aws s3 ls) ]] || fail "a bucket is left"
if aws s3 ls s3://files 2> refused; then fail "a bucket that is gone is listed"; fi
grep -q NoSuchBucket refused
ok "objects and buckets are removed"
