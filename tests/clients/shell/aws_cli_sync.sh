#!/usr/bin/env bash
# aws-cli on a tree of files with odd names: synchronized up, from bucket to bucket, and down, until nothing differs.
#
# Given: AWS, the program; ROOM, a folder with the folder tree; STRATUM_ENDPOINT; credentials.
set -euo pipefail
cd "$ROOM"
aws() { "$AWS" --endpoint-url "$STRATUM_ENDPOINT" "$@"; }
ok() { echo "ok      $*"; }
fail() { echo "FAILED  $*" >&2; exit 1; }
files() { find "$1" -type f -printf '%P\n' | LC_ALL=C sort; }

count=$(find tree -type f | wc -l)
aws s3 mb s3://tree
aws s3 mb s3://twin
aws s3 sync --only-show-errors tree s3://tree
[[ $(aws s3 ls --recursive --summarize s3://tree | awk '/Total Objects:/ {print $3}') == "$count" ]] \
    || fail "not all $count files are there"
ok "$count files go up"

again=$(aws s3 sync tree s3://tree)
[[ -z $again ]] || fail "what is there goes up again: $again"
ok "what is there does not go up again"

aws s3 sync --only-show-errors s3://tree back
diff -r tree back
diff <(files tree) <(files back)
ok "all come back, and none differs"

# One is changed, one is new, one folder is gone.
echo more >> "tree/odd/%20 is no space"
echo new > "tree/odd/new + file"
rm -r "tree/deep"
aws s3 sync --only-show-errors --delete tree s3://tree
aws s3 sync --only-show-errors --delete s3://tree back
# Folders have no place in S3: those that are empty stay.
find back -type d -empty -delete
diff -r tree back
ok "changes go up and down"

aws s3 sync --only-show-errors s3://tree/odd s3://twin/odd
aws s3 cp --only-show-errors --recursive s3://twin/odd twin
diff -r tree/odd twin
ok "a folder is synchronized from bucket to bucket"

aws s3 rm --only-show-errors --recursive --exclude '*' --include 'odd/*' s3://tree
[[ -z $(aws s3 ls s3://tree/odd/) ]] || fail "a folder is left"
aws s3 rb --force s3://tree > /dev/null
aws s3 rb --force s3://twin > /dev/null
[[ -z $(aws s3 ls) ]] || fail "a bucket is left"
ok "all are removed"
