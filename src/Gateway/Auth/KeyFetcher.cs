using Microsoft.IdentityModel.Protocols;

namespace FastPush.Gateway.Auth;

/// <summary>
/// Keeps the keys of <c>FastPush:Jwt:Authority</c> or <c>:JwksUrl</c> up to date: fetched at start, every twelve hours, and when a token
/// names a key that is not known, at most once a minute, so that strangers with invented names cost the issuer no more than that. The
/// last good keys stay in force while the issuer does not answer.
/// </summary>
internal sealed class KeyFetcher : IConfigurationRetriever<IssuerKeys>, IDisposable
{
    /// <summary>Least time between two fetches for unknown keys.</summary>
    public static readonly TimeSpan RefreshEvery = TimeSpan.FromMinutes(1);

    // Far above any real key set or metadata, and far below what would hurt.
    private const int DocumentBytesMax = 256 << 10;

    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(10);

    private readonly KeySource _source;
    private readonly IConfigurationRetriever<IssuerKeys> _retriever;
    private readonly HttpClient _http;
    private readonly ConfigurationManager<IssuerKeys> _manager;
    private Task<IssuerKeys>? _fetching;
    private string _digest = "";
    private string _toldFault = "";
    private volatile string _fault = "";
    private volatile bool _isReplaced;
    private volatile bool _isUnknownSeen;

    /// <param name="options">With <see cref="JwtOptions.Authority"/> or <see cref="JwtOptions.JwksUrl"/>.</param>
    /// <param name="source">Given the keys.</param>
    /// <param name="httpsOnly">Refuses to fetch in the clear.</param>
    /// <param name="refreshEvery">For tests; else <see cref="RefreshEvery"/>.</param>
    public KeyFetcher(JwtOptions options, KeySource source, bool httpsOnly, TimeSpan? refreshEvery = null)
    {
        _source = source;

        // A redirect could lead to an address that nobody has configured.
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
        {
            Timeout = s_timeout,
            MaxResponseContentBufferSize = DocumentBytesMax,
        };
        var documents = new HttpDocumentRetriever(_http) { RequireHttps = httpsOnly };
        var authority = options.Authority ?? "";
        _retriever = authority.Length > 0 ? new DiscoveryRetriever(options.EffectiveIssuer!) : new JwksRetriever();
        var address = authority.Length > 0 ? $"{authority.TrimEnd('/')}/.well-known/openid-configuration" : options.JwksUrl!;
        _manager = new ConfigurationManager<IssuerKeys>(address, this, documents)
        {
            RefreshInterval = refreshEvery ?? RefreshEvery,
        };
    }

    /// <summary>A token named a key that is not there. From any thread; never waits.</summary>
    public void OnUnknownKey() => _isUnknownSeen = true;

    /// <summary>
    /// Begins to fetch where that is due, and says what became of it since the last call, a fault once. Never waits; call it every few
    /// seconds from one thread.
    /// </summary>
    public KeyReload Poll(out string fault)
    {
        if (_isUnknownSeen)
        {
            _isUnknownSeen = false;
            _manager.RequestRefresh();
        }

        // Answers at once where there are keys that are not too old; what it fetches comes by the retriever below.
        if (_fetching is not { IsCompleted: false })
        {
            _ = _fetching?.Exception; // Said as the fault.
            _fetching = _manager.GetConfigurationAsync(CancellationToken.None);
        }

        var found = _fault;
        fault = found == _toldFault ? "" : found;
        _toldFault = found;
        if (_isReplaced)
        {
            _isReplaced = false;
            return KeyReload.Reloaded;
        }

        return fault.Length == 0 ? KeyReload.Unchanged : KeyReload.Kept;
    }

    // The manager keeps to itself what it fetches, and what goes wrong, behind its callers' backs. It makes one call at a time.
    async Task<IssuerKeys> IConfigurationRetriever<IssuerKeys>.GetConfigurationAsync(
        string address, IDocumentRetriever retriever, CancellationToken cancel)
    {
        try
        {
            var found = await _retriever.GetConfigurationAsync(address, retriever, cancel);
            if (found.Digest != _digest)
            {
                _digest = found.Digest;
                _source.Replace(found.Keys);
                _isReplaced = true;
            }

            _fault = "";
            return found;
        }
        catch (Exception e)
        {
            _fault = $"{address}: {e.GetBaseException().Message}";
            throw;
        }
    }

    public void Dispose() => _http.Dispose();
}
