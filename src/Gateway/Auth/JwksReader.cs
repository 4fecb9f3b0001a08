using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace FastPush.Gateway.Auth;

/// <summary>Reads a JSON Web Key Set (RFC 7517 section 5; RSA members of RFC 7518 section 6.3.1).</summary>
internal static class JwksReader
{
    public const int KidBytesMax = 256;
    private const int KeysMax = 64;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 16, AllowDuplicateProperties = false };

    public static bool TryRead(ReadOnlySpan<byte> json, out KeySet? keys, out string fault)
    {
        keys = null;
        if (!Utf8.IsValid(json))
        {
            fault = "not UTF-8";
            return false;
        }

        try
        {
            using var document = JsonDocument.Parse(json.ToArray(), Strict);
            return TryRead(document.RootElement, out keys, out fault);
        }
        catch (JsonException e)
        {
            fault = $"not a JSON key set: {e.Message}";
            return false;
        }
        catch (InvalidOperationException)
        {
            // GetString of an escaped half of a surrogate pair.
            fault = "not a JSON key set: a string is not Unicode";
            return false;
        }
    }

    private static bool TryRead(JsonElement root, out KeySet? keys, out string fault)
    {
        keys = null;
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("keys", out var list) || list.ValueKind != JsonValueKind.Array)
        {
            fault = "not a JSON key set: an object with the array \"keys\" is expected";
            return false;
        }

        var found = new List<SigningKey>();
        var index = -1;
        foreach (var item in list.EnumerateArray())
        {
            index++;
            if (item.ValueKind != JsonValueKind.Object)
            {
                fault = $"keys[{index}]: not an object";
                return false;
            }

            if (!IsForUs(item))
            {
                continue;
            }

            if (!TryReadKey(item, out var key, out fault))
            {
                fault = $"keys[{index}]: {fault}";
                return false;
            }

            if (found.Exists(other => other.Kid.AsSpan().SequenceEqual(key!.Kid)))
            {
                fault = key!.Kid.Length == 0
                    ? $"keys[{index}].kid: missing; needed when there are several keys"
                    : $"keys[{index}].kid: \"{Encoding.UTF8.GetString(key.Kid)}\" is used twice";
                return false;
            }

            found.Add(key!);
        }

        if (found.Count is 0 or > KeysMax)
        {
            fault = $"{found.Count} RSA keys for RS256 signatures; 1 to {KeysMax} are accepted";
            return false;
        }

        if (found.Count > 1 && found.Exists(key => key.Kid.Length == 0))
        {
            fault = "a key has no kid; needed when there are several keys";
            return false;
        }

        keys = new KeySet([.. found], anyKid: false);
        fault = "";
        return true;
    }

    // A set may hold keys for other purposes; those are no fault (RFC 7517 section 5: ignore what is not understood).
    private static bool IsForUs(JsonElement item) =>
        Is(item, "kty", "RSA", whenMissing: false) && Is(item, "use", "sig", whenMissing: true) && Is(item, "alg", "RS256", whenMissing: true);

    private static bool Is(JsonElement item, string name, string value, bool whenMissing) =>
        item.TryGetProperty(name, out var member) ? member.ValueKind == JsonValueKind.String && member.ValueEquals(value) : whenMissing;

    private static bool TryReadKey(JsonElement item, out SigningKey? key, out string fault)
    {
        key = null;
        if (item.TryGetProperty("d", out _))
        {
            fault = "holds a private key; give the public half only";
            return false;
        }

        byte[] kid = [];
        if (item.TryGetProperty("kid", out var kidMember))
        {
            kid = kidMember.ValueKind == JsonValueKind.String ? Encoding.UTF8.GetBytes(kidMember.GetString()!) : [];
            if (kid.Length is 0 or > KidBytesMax)
            {
                fault = $"kid: not a string of 1 to {KidBytesMax} bytes";
                return false;
            }
        }

        if (!TryReadNumber(item, "n", out var modulus, out fault) || !TryReadNumber(item, "e", out var exponent, out fault))
        {
            return false;
        }

        return SigningKey.TryCreate(modulus, exponent, kid, out key, out fault);
    }

    private static bool TryReadNumber(JsonElement item, string name, out byte[] number, out string fault)
    {
        number = [];
        fault = $"{name}: not a base64url number";
        if (!item.TryGetProperty(name, out var member) || member.ValueKind != JsonValueKind.String)
        {
            return false;
        }

        var text = Encoding.UTF8.GetBytes(member.GetString()!);
        var decoded = new byte[StrictBase64Url.DecodedBytesMax(text.Length)];
        if (!StrictBase64Url.TryDecode(text, decoded, out var written))
        {
            return false;
        }

        number = decoded[..written];
        fault = "";
        return true;
    }
}
