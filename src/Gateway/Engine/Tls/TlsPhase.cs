namespace FastPush.Gateway.Engine.Tls;

/// <summary>What a connection behind its TLS handshake is.</summary>
internal enum TlsPhase : byte
{
    /// <summary>The head of its first request is not whole yet.</summary>
    Deciding,

    /// <summary>That was an upgrade that was refused.</summary>
    Refused,

    /// <summary>A STOMP session.</summary>
    Open,

    /// <summary>Kestrel's HTTP server has it.</summary>
    Http,

    Gone,
}
