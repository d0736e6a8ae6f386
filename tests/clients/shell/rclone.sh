#!/usr/bin/env bash
# rclone: copy, check, sync and purge of a tree with odd names, and a large file in parts.
#
# Given: RCLONE, the program; ROOM, a folder with the folder tree and the file large; STRATUM_ENDPOINT; credentials.
set -euo pipefail
cd "$ROOM"
export RCLONE_CONFIG=/dev/null RCLONE_CONFIG_STORE_TYPE=s3 RCLONE_CONFIG_STORE_PROVIDER=Other
export RCLONE_CONFIG_STORE_ENV_AUTH=true RCLONE_CONFIG_STORE_REGION=$AWS_REGION
export RCLONE_CONFIG_STORE_ENDPOINT=$STRATUM_ENDPOINT
# What fails is not tried again: the second try would hide it.
rclone() { "$RCLONE" --retries 1 --low-level-retries 1 "$@"; }
ok() { echo "ok      $*"; }
fail() { echo "FAILED  $*" >&2; exit 1; }

said=$("$RCLONE" version)
echo "${said%%$'\n'*}"
rclone mkdir store:tree
[[ $(rclone lsf store:) == tree/ ]] || fail "the bucket is not listed"
rclone copy tree store:tree
rclone check tree store:tree
rclone check --download tree store:tree
ok "a tree is copied, and none of its files differs"

rclone copy store:tree back
diff -r tree back
# The times of files are kept as metadata.
diff <(rclone lsf -R --files-only --format pst tree | sort) <(rclone lsf -R --files-only --format pst store:tree | sort)
ok "it comes back"

# One is changed, one is new, one folder is gone, one has another time.
echo more >> "tree/odd/%20 is no space"
echo new > "tree/odd/new + file"
touch -d 2020-02-02 "tree/odd/&ampersand&amp;"
rm -r tree/deep
rclone sync tree store:tree
rclone check tree store:tree
rclone sync store:tree back
find back -type d -empty -delete
diff -r tree back
moved=$(rclone sync tree store:tree --stats-one-line --verbose 2>&1 | grep -c ': Copied' || true)
[[ $moved == 0 ]] || fail "$moved files that are there are copied again"
ok "changes are synchronized both ways"

rclone copy store:tree store:twin
rclone check --download store:tree store:twin
rclone moveto "store:twin/odd/new + file" "store:twin/moved & ü"
rclone cat "store:twin/moved & ü" | cmp - "tree/odd/new + file"
ok "a bucket is copied to another one by the server"

rclone --s3-upload-cutoff 5M --s3-chunk-size 5M copyto large store:tree/large
rclone copyto store:tree/large large.back
cmp large large.back
rclone --s3-copy-cutoff 6M --s3-chunk-size 5M copyto store:tree/large store:twin/large
rclone cat store:twin/large | cmp - large
rclone cat --offset 1000000 --count 3000000 store:tree/large | cmp - <(tail -c +1000001 large | head -c 3000000)
rclone rcat --streaming-upload-cutoff 1M store:tree/stream < large
rclone cat store:tree/stream | cmp - large
ok "a large file goes in parts"

rclone delete store:twin
rclone rmdir store:twin
rclone purge store:tree
[[ -z $(rclone lsf store:) ]] || fail "a bucket is left"
ok "all are purged"
