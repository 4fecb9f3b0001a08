using System.Text;
using FastPush.Relay.Redis;
using FastPush.Relay.Resp;

namespace FastPush.Relay.Links;

/// <summary>One of this server's own channels on a cluster.</summary>
internal sealed class ClusterChannel(string name)
{
    private readonly byte[] _subscribe = RespCommand.Encode("SSUBSCRIBE", name);

    public string Name { get; } = name;

    public int Slot { get; } = RedisSlot.Of(Encoding.UTF8.GetBytes(name));

    /// <summary>Where the subscription was asked for; null when it has to be asked for.</summary>
    public RelayConnection? Connection { get; private set; }

    public bool IsConfirmed { get; set; }

    public void Subscribe(RelayConnection connection)
    {
        Connection = connection;
        IsConfirmed = false;
        connection.Send(new RelayCommand(_subscribe, Name));
    }

    public void Forget()
    {
        Connection = null;
        IsConfirmed = false;
    }
}
