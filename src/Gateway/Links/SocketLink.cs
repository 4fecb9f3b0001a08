using System.Net.Sockets;

namespace FastPush.Gateway.Links;

/// <summary>
/// Sends straight on the non-blocking socket of Kestrel's transport: one system call, no pipe memory, no hop. Kestrel's own send
/// loop idles beside it because nothing is ever written to its output pipe.
/// </summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage(
    "Reliability", "CA1001", Justification = "The event args hold no handle of their own; the socket is Kestrel's to close.")]
internal sealed class SocketLink : Link
{
    private readonly Socket _socket;
    private readonly Action _abort;
    private SocketAsyncEventArgs? _rest;
    private bool _gone;

    public SocketLink(Socket socket, Action abort)
    {
        _socket = socket;
        _abort = abort;
        socket.Blocking = false;
    }

    public override bool HoldsBytes => true;

    public override int TrySend(ReadOnlySpan<byte> bytes)
    {
        if (_gone)
        {
            return -1;
        }

        try
        {
            var sent = _socket.Send(bytes, SocketFlags.None, out var error);
            switch (error)
            {
                case SocketError.Success:
                    return sent;
                case SocketError.WouldBlock:
                case SocketError.IOPending:
                case SocketError.NoBufferSpaceAvailable:
                    return 0;
                default:
                    _gone = true;
                    return -1;
            }
        }
        catch (ObjectDisposedException)
        {
            // Kestrel closed the socket between our look at it and the send.
            _gone = true;
            return -1;
        }
    }

    public override void SendWhenWritable(ReadOnlyMemory<byte> rest)
    {
        if (_rest is null)
        {
            _rest = new SocketAsyncEventArgs(true);
            _rest.Completed += static (sender, args) => ((SocketLink)args.UserToken!).OnSent(args);
            _rest.UserToken = this;
        }

        _rest.SetBuffer(System.Runtime.InteropServices.MemoryMarshal.AsMemory(rest));
        try
        {
            if (_socket.SendAsync(_rest))
            {
                return;
            }
        }
        catch (ObjectDisposedException)
        {
            _rest.SocketError = SocketError.ConnectionReset;
        }

        // Done at once: reported from elsewhere, as the contract of this call demands.
        ThreadPool.UnsafeQueueUserWorkItem(static link => link.OnSent(link._rest!), this, preferLocal: false);
    }

    public override void EndSend()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The peer was faster; there is nobody left to tell.
            _gone = true;
        }
    }

    public override void Abort()
    {
        _gone = true;
        _abort();
    }

    private void OnSent(SocketAsyncEventArgs args)
    {
        var sent = args.SocketError == SocketError.Success ? args.BytesTransferred : -1;
        args.SetBuffer(null, 0, 0);
        Session!.OnWritable(sent);
    }
}
