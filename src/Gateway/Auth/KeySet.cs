using System.Security.Cryptography;

namespace FastPush.Gateway.Auth;

/// <summary>The keys whose signatures are accepted. Immutable.</summary>
internal sealed class KeySet
{
    private readonly SigningKey[] keys;
    private readonly bool anyKid;

    /// <param name="keys">At least one; when several, each with a kid of its own.</param>
    /// <param name="anyKid">The one key stands for every kid (it came without one, from PEM).</param>
    public KeySet(SigningKey[] keys, bool anyKid)
    {
        ArgumentOutOfRangeException.ThrowIfZero(keys.Length);
        ArgumentOutOfRangeException.ThrowIfEqual(anyKid && keys.Length > 1, true, nameof(anyKid));
        this.keys = keys;
        this.anyKid = anyKid;
    }

    private KeySet()
    {
        keys = [];
    }

    /// <summary>Nobody's signature is accepted: the issuer has not been heard yet.</summary>
    public static KeySet None { get; } = new();

    public int Count => keys.Length;

    /// <summary>Keys of the set that cannot be used, each with why; tokens that name them are refused.</summary>
    public IReadOnlyList<string> Ignored { get; init; } = [];

    /// <summary>Reads the key file that <paramref name="options"/> names. <paramref name="fault"/> is "key: what is wrong".</summary>
    public static bool TryLoad(JwtOptions options, out KeySet keys, out string fault) => TryLoad(options, out keys, out _, out fault);

    public static bool TryLoad(JwtOptions options, out KeySet keys, out KeyFile.Stamp stamp, out string fault)
    {
        keys = null!;
        stamp = default;
        if (!TryName(options, out var path, out var name, out fault))
        {
            return false;
        }

        KeySet? read = null;
        if (KeyFile.TryRead(path, out var content, out stamp, out fault))
        {
            var text = content.AsSpan();
            text = text.StartsWith("\uFEFF"u8) ? text[3..] : text;
            _ = path == options.JwksPath ? JwksReader.TryRead(text, out read, out fault) : PemKeyReader.TryRead(text, out read, out fault);
        }

        if (read is null)
        {
            fault = $"{name}: {fault}";
            return false;
        }

        keys = read;
        return true;
    }

    /// <summary>The one file that <paramref name="options"/> names, and under which key.</summary>
    public static bool TryName(JwtOptions options, out string path, out string name, out string fault)
    {
        var jwks = !string.IsNullOrEmpty(options.JwksPath);
        var pem = !string.IsNullOrEmpty(options.PublicKeyPath);
        path = (jwks ? options.JwksPath : options.PublicKeyPath) ?? "";
        name = JwtOptions.Section + (jwks ? ":JwksPath" : ":PublicKeyPath");
        fault = (jwks, pem) switch
        {
            (true, true) => $"{JwtOptions.Section}:PublicKeyPath: set beside JwksPath; set one of the two",
            (false, false) => $"{JwtOptions.Section}:JwksPath: missing; set it or PublicKeyPath",
            _ => "",
        };
        return fault.Length == 0;
    }

    /// <summary>The key that <paramref name="kid"/> names, as the calling thread's own instance, or null.</summary>
    public RSA? Find(ReadOnlySpan<byte> kid)
    {
        if (anyKid)
        {
            return keys[0].Rsa;
        }

        foreach (var key in keys)
        {
            // A key without a kid is reached only by a token without one.
            if (key.Kid.Length > 0 && kid.SequenceEqual(key.Kid))
            {
                return key.Rsa;
            }
        }

        return null;
    }

    /// <summary>The key of a token that names none: the only one there is, else null.</summary>
    public RSA? FindWithoutKid() => keys.Length == 1 ? keys[0].Rsa : null;
}
