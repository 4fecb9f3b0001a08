using System.Net;
using System.Net.Sockets;
using FastPush.Redis.Testing;

namespace FastPush.Gateway.Tests.Testing;

/// <summary>nginx or HAProxy in front of a gateway, with connections to it that are kept and used again for anybody's requests.</summary>
internal sealed class ReverseProxy : IAsyncDisposable
{
    private readonly TempFolder _folder = new();
    private ChildProcess? _process;

    private ReverseProxy()
    {
    }

    public Uri Address { get; } = new($"http://127.0.0.1:{Ports.Free()}");

    /// <summary>Starts <c>nginx</c> or <c>haproxy</c> in front of <paramref name="gateway"/>.</summary>
    public static async Task<ReverseProxy> StartAsync(string program, Uri gateway)
    {
        var proxy = new ReverseProxy();
        try
        {
            await proxy.StartProcessAsync(program, gateway);
            await Deadline.Until(proxy.AcceptsAsync, null, $"{program} accepts connections: {proxy._process?.Log}");
            return proxy;
        }
        catch
        {
            await proxy.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        _folder.Dispose();
    }

    private async Task StartProcessAsync(string program, Uri gateway)
    {
        var path = _folder["proxy.conf"];
        await File.WriteAllTextAsync(path, program == "nginx" ? Nginx(gateway) : HAProxy(gateway));
        string[] arguments = program == "nginx" ? ["-p", _folder.FullName, "-c", path, "-e", "stderr"] : ["-db", "-f", path];
        var found = Path.Combine("/usr/sbin", program); // Where Debian has it, and PATH often not.
        _process = await ChildProcess.StartAsync(File.Exists(found) ? found : program, arguments);
    }

    private async Task<bool> AcceptsAsync()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, Address.Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private string Nginx(Uri gateway) => $$"""
        daemon off;
        master_process off;
        pid {{_folder["nginx.pid"]}};
        events { worker_connections 256; }
        http {
          access_log off;
          client_body_temp_path {{_folder["body"]}};
          proxy_temp_path {{_folder["proxy"]}};
          fastcgi_temp_path {{_folder["fastcgi"]}};
          uwsgi_temp_path {{_folder["uwsgi"]}};
          scgi_temp_path {{_folder["scgi"]}};
          map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
          upstream gateway { server {{gateway.Authority}}; keepalive 8; }
          server {
            listen {{Address.Authority}};
            location / {
              proxy_pass http://gateway;
              proxy_http_version 1.1;
              proxy_set_header Host $http_host;
              proxy_set_header Upgrade $http_upgrade;
              proxy_set_header Connection $connection_upgrade;
            }
          }
        }
        """;

    private string HAProxy(Uri gateway) => $"""
        defaults
          mode http
          timeout connect 10s
          timeout client 60s
          timeout server 60s
          timeout tunnel 60s
          http-reuse always
        frontend front
          bind {Address.Authority}
          default_backend gateway
        backend gateway
          server one {gateway.Authority}

        """;
}
