namespace FastPush.Gateway.Sessions;

/// <summary>A session's life, in order; it only ever moves down.</summary>
internal enum SessionState : byte
{
    /// <summary>Upgraded, CONNECT not yet accepted; its deadline runs.</summary>
    Connecting,

    /// <summary>CONNECTED was sent.</summary>
    Open,

    /// <summary>The last bytes are going out; input is read and thrown away until the peer closes or the deadline ends it.</summary>
    Closing,

    /// <summary>Gone.</summary>
    Closed,
}
