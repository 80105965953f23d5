# What the scripts of this machine need of Azure; read with `.`, not run.
# shellcheck shell=sh

. "${HEARBACK_ETC:-/etc/hearback}/azure.env"

# field NAME: the value of one field of the JSON object on standard input
field() {
    python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"
}

# token RESOURCE: an access token of this machine's identity
token() {
    curl --fail --silent --show-error --retry 5 --noproxy '*' --header 'Metadata: true' --get \
        --data-urlencode "resource=$1" --data-urlencode "client_id=$IDENTITY" \
        'http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01' | field access_token
}

# authorised TOKEN CURL-ARGUMENTS...: a request with the token, which never shows among the processes
authorised() {
    bearer=$1
    shift
    printf 'header = "Authorization: Bearer %s"\n' "$bearer" |
        curl --fail --silent --show-error --retry 3 --config - "$@"
}
