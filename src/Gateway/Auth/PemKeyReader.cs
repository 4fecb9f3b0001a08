using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace FastPush.Gateway.Auth;

/// <summary>Reads one RSA public key from PEM (RFC 7468): SubjectPublicKeyInfo, PKCS#1 or an X.509 certificate.</summary>
internal static class PemKeyReader
{
    public static bool TryRead(ReadOnlySpan<byte> file, out KeySet? keys, out string fault)
    {
        keys = null;
        var text = Encoding.UTF8.GetString(file);
        if (!PemEncoding.TryFind(text, out var fields))
        {
            fault = "not a PEM file";
            return false;
        }

        if (PemEncoding.TryFind(text.AsSpan()[fields.Location.End..], out _))
        {
            fault = "more than one PEM block; one public key or certificate is expected";
            return false;
        }

        try
        {
            using var rsa = Import(text, text[fields.Label], out fault);
            if (rsa is null)
            {
                return false;
            }

            var parameters = rsa.ExportParameters(includePrivateParameters: false);
            if (!SigningKey.TryCreate(parameters.Modulus, parameters.Exponent, [], out var key, out fault))
            {
                return false;
            }

            keys = new KeySet([key!], anyKid: true);
            return true;
        }
        catch (CryptographicException e)
        {
            fault = $"not an RSA public key: {e.Message}";
            return false;
        }
    }

    private static RSA? Import(string text, string label, out string fault)
    {
        fault = "";
        switch (label)
        {
            case "PUBLIC KEY" or "RSA PUBLIC KEY":
                var rsa = RSA.Create();
                try
                {
                    rsa.ImportFromPem(text);
                    return rsa;
                }
                catch (Exception e) when (e is CryptographicException or ArgumentException)
                {
                    rsa.Dispose();
                    fault = $"not an RSA public key: {e.Message}";
                    return null;
                }

            case "CERTIFICATE":
                // The certificate only carries the key: its dates and its issuer are not looked at, the operator chose it.
                using (var certificate = X509Certificate2.CreateFromPem(text))
                {
                    var key = certificate.GetRSAPublicKey();
                    fault = key is null ? "the certificate's key is not RSA" : "";
                    return key;
                }

            default:
                fault = $"a PEM block \"{label}\"; PUBLIC KEY, RSA PUBLIC KEY or CERTIFICATE is expected";
                return null;
        }
    }
}
