using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace FastPush.Gateway.Auth;

/// <summary>Reads a JSON Web Key Set (RFC 7517 section 5; RSA members of RFC 7518 section 6.3.1).</summary>
internal static class JwksReader
{
    public const int KidBytesMax = 256;
    private const int KeysMax = 64;
    private const int ToldMax = 8;
    private const string NoKid = "no kid; needed when there are several keys";

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 16 };

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
    }

    private static bool TryRead(JsonElement root, out KeySet? keys, out string fault)
    {
        keys = null;
        if (root.ValueKind != JsonValueKind.Object
            || root.EnumerateObject().Count(member => member.NameEquals("keys")) != 1
            || !root.TryGetProperty("keys", out var list)
            || list.ValueKind != JsonValueKind.Array)
        {
            fault = "not a JSON key set: an object with one array \"keys\" is expected";
            return false;
        }

        var found = new List<(SigningKey Key, int Index)>();
        var ignored = new List<string>();
        foreach (var (index, item) in list.EnumerateArray().Index())
        {
            if (!TryUse(item, found, out var key, out var why))
            {
                ignored.Add($"keys[{index}]: {why}");
            }
            else
            {
                found.Add((key!, index));
            }
        }

        if (found.Count > 1)
        {
            ignored.AddRange(found.Where(f => f.Key.Kid.Length == 0).Select(f => $"keys[{f.Index}]: {NoKid}"));
            found.RemoveAll(f => f.Key.Kid.Length == 0);
        }

        if (found.Count == 0)
        {
            var why = ignored.Count > 0 ? $" ({string.Join("; ", ignored.Take(ToldMax))})" : "";
            fault = $"no RSA key for RS256 signatures that can be used{why}";
            return false;
        }

        keys = new KeySet([.. found.Select(f => f.Key)], anyKid: false) { Ignored = ignored };
        fault = "";
        return true;
    }

    // "Implementations SHOULD ignore JWKs within a JWK Set that use "kty" (key type) values that are not understood by them, that are
    // missing required members, or for which values are out of the supported ranges" (RFC 7517 section 5).
    private static bool TryUse(JsonElement item, List<(SigningKey Key, int Index)> found, out SigningKey? key, out string why)
    {
        key = null;
        if (item.ValueKind != JsonValueKind.Object)
        {
            why = "not an object";
            return false;
        }

        if (!TryReadUnique(item, out var read, out why))
        {
            return false;
        }

        why = found.Count >= KeysMax ? $"more than {KeysMax} keys"
            : found.Exists(other => other.Key.Kid.AsSpan().SequenceEqual(read!.Kid))
                ? read!.Kid.Length == 0 ? NoKid : $"kid \"{Encoding.UTF8.GetString(read.Kid)}\" is used twice"
            : "";
        key = read;
        return why.Length == 0;
    }

    private static bool TryReadUnique(JsonElement item, out SigningKey? key, out string fault)
    {
        key = null;
        try
        {
            var names = item.EnumerateObject().Select(member => member.Name).ToList();
            fault = names.Distinct(StringComparer.Ordinal).Count() == names.Count ? "" : "a member is there twice"; // Section 4.
            fault = fault.Length == 0 && !IsForUs(item) ? "not an RSA key for RS256 signatures" : fault;
            return fault.Length == 0 && TryReadKey(item, out key, out fault);
        }
        catch (InvalidOperationException)
        {
            fault = "a string is not Unicode"; // An escaped half of a surrogate pair.
            return false;
        }
    }

    private static bool IsForUs(JsonElement item) =>
        Is(item, "kty", "RSA", whenMissing: false)
        && Is(item, "use", "sig", whenMissing: true)
        && Is(item, "alg", "RS256", whenMissing: true)
        && MayVerify(item);

    // RFC 7517 section 4.3.
    private static bool MayVerify(JsonElement item) =>
        !item.TryGetProperty("key_ops", out var operations)
        || (operations.ValueKind == JsonValueKind.Array
            && operations.EnumerateArray().Any(o => o.ValueKind == JsonValueKind.String && o.ValueEquals("verify")));

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
