using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace FastPush.Gateway.Auth;

/// <summary>
/// A key set as an issuer serves it, with the digest of its text: what is served again unchanged replaces nothing, so the cache of
/// verified tokens stays.
/// </summary>
internal sealed record IssuerKeys(KeySet Keys, string Digest)
{
    /// <summary>Reads the text of a JSON Web Key Set.</summary>
    /// <exception cref="InvalidDataException">No key of it can be used.</exception>
    public static IssuerKeys Read(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return JwksReader.TryRead(bytes, out var keys, out var fault)
            ? new IssuerKeys(keys!, Convert.ToHexString(SHA256.HashData(bytes)))
            : throw new InvalidDataException(fault);
    }
}

/// <summary>Fetches a bare JSON Web Key Set (RFC 7517) from its URL.</summary>
internal sealed class JwksRetriever : IConfigurationRetriever<IssuerKeys>
{
    public async Task<IssuerKeys> GetConfigurationAsync(string address, IDocumentRetriever retriever, CancellationToken cancel) =>
        IssuerKeys.Read(await retriever.GetDocumentAsync(address, cancel));
}

/// <summary>Fetches an issuer's metadata (OpenID Connect Discovery 1.0, section 4), then the key set that it names.</summary>
internal sealed class DiscoveryRetriever(string issuer) : IConfigurationRetriever<IssuerKeys>
{
    public async Task<IssuerKeys> GetConfigurationAsync(string address, IDocumentRetriever retriever, CancellationToken cancel)
    {
        var metadata = OpenIdConnectConfiguration.Create(await retriever.GetDocumentAsync(address, cancel));

        // Section 4.3: else one issuer could hand out the keys of another.
        if (metadata.Issuer != issuer)
        {
            throw new InvalidDataException($"the metadata is of the issuer \"{metadata.Issuer}\", not of \"{issuer}\"");
        }

        return string.IsNullOrEmpty(metadata.JwksUri)
            ? throw new InvalidDataException("the metadata names no jwks_uri")
            : IssuerKeys.Read(await retriever.GetDocumentAsync(metadata.JwksUri, cancel));
    }
}
