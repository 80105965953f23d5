#!/bin/sh
# Lets people sign in to the dashboard, in a browser and in a tab of Teams. Running it again does no harm.
#   sh deployment/registration.sh APP_ID HOST
set -eu

app_id=$1
host=$2
python=${PYTHON:-.venv/bin/python}

az ad app update --id "$app_id" --web-redirect-uris "https://$host/sign-in/microsoft/back"
for part in exposed allowed; do # Entra takes the second only when it has the first
    body=$("$python" -m deployment.registration "$part" --app-id "$app_id" --host "$host")
    az rest --method PATCH --uri "https://graph.microsoft.com/v1.0/applications(appId='$app_id')" \
        --headers Content-Type=application/json --body "$body"
done
