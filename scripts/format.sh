#!/usr/bin/env bash
# Brings all C# into the shape that scripts/test.sh checks (.editorconfig and the analyzers).
# Arguments go to dotnet format, for example: --verify-no-changes
# Usage: scripts/format.sh [options]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1
exec dotnet format FastPush.sln "$@"
